//! One test binary over the whole house.

mod architecture;
mod flow;
mod house;
mod schemas;
