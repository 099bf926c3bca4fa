//! The contract between `wlc`, which writes placement plans, and `wlagent`, which carries them out.
//!
//! Everything here is pure: values in, values out. The same value has the same bytes on every machine, the same bytes
//! have one meaning, and both sides run the same validator. See the page on plan sets in the book for how the files of a set hang
//! together: [`head::Head`] is signed and names the [`index::Index`], which names each node's [`node_plan::NodePlan`]
//! and the [`spec::PodSpec`]s and [`content::ConfigContent`]s that it uses.

pub mod binding;
pub mod canonical;
pub mod change;
pub mod content;
pub mod digest;
pub mod format;
pub mod gate;
pub mod head;
pub mod index;
pub mod instance;
pub mod job;
pub mod limits;
pub mod name;
pub mod need;
pub mod node_plan;
pub mod numbers;
pub mod quantity;
pub mod range;
pub mod restarts;
pub mod revision;
pub mod rollout;
pub mod schedule;
pub mod set;
pub mod signature;
pub mod spec;
pub mod time;
pub mod trust;
pub mod validate;
pub mod window;
