//! One test binary over the whole house.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod api;
mod architecture;
mod deploy;
mod faults;
mod flow;
mod house;
mod release;
mod schemas;
