//! What the agent tells: the status document, the socket that serves it, and its form for people.

pub mod document;
pub mod live;
pub mod serve;
pub mod table;
