//! Our own nats-server: finding the binary, running it as a child, keeping it from outliving us.

mod binary;
mod child;
mod server;

pub(crate) use binary::Binary;
pub(crate) use child::{ChildArgs, become_nats_server, this_program};
pub(crate) use server::OwnNats;
