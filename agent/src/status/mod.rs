//! What the agent tells: the status document, the metrics, where they are asked for, and the form for people.

pub mod answers;
pub mod client;
pub mod document;
pub mod exposition;
pub mod jobs;
pub mod live;
pub mod metrics;
pub mod opens;
pub mod own;
pub mod serve;
pub mod table;
