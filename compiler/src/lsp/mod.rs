//! `wlc lsp`: what `wlc check`, `wlc explain` and `wlc fmt` know, in the editor while one writes.
//!
//! Messages go in and out one after the other; what is wrong is looked for anew when no message waits. The server holds the
//! texts of open files, everything else it reads from the disk. Whatever comes in, it answers and goes on.

mod analysis;
mod completion;
mod declared;
mod definition;
mod document;
mod frame;
mod half;
mod hover;
mod language;
mod names;
mod outline;
mod server;
mod symbols;
mod templates;
mod uri;

use std::{
    io::{BufRead, Write},
    sync::mpsc::{self, Receiver},
    thread,
};

use frame::Frame;
use server::{Next, Server};

/// Serves an editor until it says `exit` or goes. True where it said `shutdown` before.
pub fn serve(input: impl BufRead + Send + 'static, mut output: impl Write) -> bool {
    let mut server = Server::default();
    let frames = frames(input);
    while let Ok(frame) = frames.recv() {
        let mut waiting = Some(frame);
        while let Some(frame) = waiting {
            let (answers, next) = server.take(frame);
            if answers.iter().any(|answer| frame::write(&mut output, answer).is_err()) || next == Next::End {
                return server.was_shut_down();
            }
            waiting = frames.try_recv().ok();
        }
        if server.diagnostics().iter().any(|message| frame::write(&mut output, message).is_err()) {
            break;
        }
    }
    server.was_shut_down()
}

/// Reads in a thread of its own, so that it can be seen whether another message waits.
fn frames(mut input: impl BufRead + Send + 'static) -> Receiver<Frame> {
    let (sender, receiver) = mpsc::sync_channel(64);
    thread::spawn(move || {
        loop {
            let frame = frame::read(&mut input);
            let is_end = frame == Frame::End;
            if sender.send(frame).is_err() || is_end {
                return;
            }
        }
    });
    receiver
}
