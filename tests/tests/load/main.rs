//! A rolling update takes no service down: requests go on through a balancer over the endpoints file, each sent once, while
//! an application that is slow to start and slow to stop is replaced.

mod application;
mod balancer;
mod promise;
mod stage;
