//! Asks over TCP (edge): a connection that opens is good (S-328).

use std::net::SocketAddr;

use tokio::{net::TcpStream, time::timeout};
use wlc_plan::quantity::Millis;

use super::verdict::Answer;

/// Opens a connection within the limit, and closes it.
pub async fn ask(target: SocketAddr, limit: Millis) -> Answer {
    match timeout(limit.duration(), TcpStream::connect(target)).await {
        Ok(Ok(_)) => Answer::Good,
        Ok(Err(error)) => connection_failed(target, &error),
        Err(_) => Answer::Bad(format!("no connection to {target} within {limit}")),
    }
}

/// The other side's refusal is an answer; our own want of descriptors or memory is none.
pub(super) fn connection_failed(target: SocketAddr, error: &std::io::Error) -> Answer {
    const OURS: [rustix::io::Errno; 4] =
        [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE, rustix::io::Errno::NOMEM, rustix::io::Errno::NOBUFS];
    let is_ours = rustix::io::Errno::from_io_error(error).is_some_and(|errno| OURS.contains(&errno));
    let text = format!("no connection to {target}: {error}");
    if is_ours { Answer::Unheard(text) } else { Answer::Bad(text) }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_open_port_is_good_and_a_closed_one_bad() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap();
        assert_eq!(ask(target, Millis(1_000)).await, Answer::Good);
        drop(listener);
        assert!(matches!(ask(target, Millis(1_000)).await, Answer::Bad(_)));
    }
}
