//! What the tests of the whole have in common: the programs, folders of data and golden files, small repositories of
//! sources; a node with its repository and agent, and Podman from outside.

pub mod api;
pub mod conformance;
pub mod dice;
pub mod fleet;
pub mod folder;
pub mod golden;
pub mod load;
pub mod marks;
pub mod node;
pub mod planted;
pub mod podman;
pub mod programs;
pub mod replay;
pub mod repository;

pub mod running;
pub mod sampler;
pub mod simulation;
pub mod up;
