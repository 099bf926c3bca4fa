//! What the agent tells the service manager that started it (edge): readiness, its state in a sentence, and the pings of the
//! watchdog, as datagrams to the socket that `NOTIFY_SOCKET` names.
//!
//! Source: sd_notify(3) and sd_watchdog_enabled(3). A socket in the abstract namespace (`@name`) is understood, as containers
//! and other managers use it. Nothing here waits: a manager that does not listen holds nothing up.
#![expect(clippy::disallowed_methods, reason = "edge: reads what the service manager says in the environment")]

use std::{
    env, io,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
    process,
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};

/// The service manager; may be nobody.
#[derive(Debug, Default)]
pub struct Supervisor {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// The agent does its work.
    Ready,
    /// It looks at everything anew; it is ready when it says so again.
    Reloading,
    /// It ends.
    Stopping,
    /// Its state in a sentence.
    Status(&'a str),
    /// Its loop has turned.
    Watchdog,
}

impl Supervisor {
    /// The one that the environment names. What it says wrong is told once, and then nobody is there.
    pub fn of_environment() -> Self {
        let watchdog = watchdog(env::var("WATCHDOG_USEC").ok(), env::var("WATCHDOG_PID").ok(), process::id());
        let Ok(name) = env::var("NOTIFY_SOCKET") else { return Self::default() };
        match connected(&name) {
            Ok(socket) => Self { socket: Some(socket), watchdog },
            Err(error) => {
                tracing::warn!(socket = name, %error, "the service manager cannot be told anything");
                Self::default()
            }
        }
    }

    /// One that listens on a socket, with a watchdog if it has one.
    ///
    /// # Errors
    /// What the system says.
    pub fn at(name: &str, watchdog: Option<Duration>) -> io::Result<Self> {
        Ok(Self { socket: Some(connected(name)?), watchdog })
    }

    /// Within which time the watchdog wants to be pinged.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Tells something; false where it did not come through and may be told again.
    pub fn tell(&self, message: Message<'_>) -> bool {
        let Some(socket) = &self.socket else { return true };
        let text = match message {
            Message::Ready => "READY=1".to_owned(),
            Message::Reloading => format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic()),
            Message::Stopping => "STOPPING=1".to_owned(),
            Message::Status(sentence) => format!("STATUS={}", sentence.replace('\n', " ")),
            Message::Watchdog => "WATCHDOG=1".to_owned(),
        };
        socket.send(text.as_bytes()).is_ok()
    }
}

fn connected(name: &str) -> io::Result<UnixDatagram> {
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect_addr(&address)?;
    Ok(socket)
}

/// Microseconds of the watchdog, where it is this process that it watches.
fn watchdog(microseconds: Option<String>, whose: Option<String>, own: u32) -> Option<Duration> {
    let is_own = whose.is_none_or(|whose| whose.parse() == Ok(own));
    let microseconds = microseconds?.parse().ok().filter(|count| *count > 0 && is_own)?;
    Some(Duration::from_micros(microseconds))
}

fn monotonic() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 1_024];
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    fn tells_everything(name: &str, socket: &UnixDatagram) {
        let supervisor = Supervisor::at(name, None).unwrap();
        for (message, expected) in [
            (Message::Ready, "READY=1"),
            (Message::Stopping, "STOPPING=1"),
            (Message::Status("one\nline"), "STATUS=one line"),
            (Message::Watchdog, "WATCHDOG=1"),
        ] {
            assert!(supervisor.tell(message));
            assert_eq!(heard(socket), expected);
        }
        assert!(supervisor.tell(Message::Reloading));
        let reloading = heard(socket);
        let microseconds = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(microseconds.parse::<u64>().unwrap() > 0, "{reloading}");
    }

    #[test]
    fn a_socket_with_a_path_hears() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        tells_everything(path.to_str().unwrap(), &socket);
    }

    #[test]
    fn an_abstract_socket_hears() {
        let name = format!("wlagent-supervisor-{}", process::id());
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        tells_everything(&format!("@{name}"), &socket);
    }

    #[test]
    fn who_does_not_listen_holds_nothing_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = path.to_str().unwrap();
        assert!(Supervisor::at(name, None).is_err());
        let socket = UnixDatagram::bind(&path).unwrap();
        let supervisor = Supervisor::at(name, None).unwrap();
        // It does not read: its queue is full at last.
        assert!((0..100_000).any(|_| !supervisor.tell(Message::Watchdog)));
        drop(socket);
        assert!(!supervisor.tell(Message::Ready));
    }

    #[test]
    fn a_watchdog_is_for_the_process_that_it_names() {
        let text = |text: &str| Some(text.to_owned());
        let second = Some(Duration::from_secs(1));
        assert_eq!(watchdog(text("1000000"), None, 7), second);
        assert_eq!(watchdog(text("1000000"), text("7"), 7), second);
        for (microseconds, whose) in
            [(text("1000000"), text("8")), (text("0"), None), (text("x"), None), (None, text("7"))]
        {
            assert_eq!(watchdog(microseconds, whose, 7), None);
        }
    }
}
