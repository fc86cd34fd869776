//! The door as a sender sees it: bare sockets on one side, a real nats-server on the other.
#![allow(clippy::unwrap_used, reason = "tests")]

mod content;
mod raw;
mod server;
mod topics;
mod webhooks;
mod world;
