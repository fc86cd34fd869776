//! Ports that are free, and stay so for whoever starts again.

use std::net::TcpListener;
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that the system gives to outgoing connections: one of these is never taken by a client while its server
/// is down.
const PORTS: Range<u16> = 12_000..32_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port on which nobody listens; no second time the same in this process.
pub fn free_port() -> u16 {
    let count = PORTS.end - PORTS.start;
    // Tests of other processes begin elsewhere.
    let start = u16::try_from(std::process::id().wrapping_mul(97) % u32::from(count)).unwrap_or_default();
    for _ in 0..count {
        let port = PORTS.start + (start + NEXT.fetch_add(1, Ordering::Relaxed) % count) % count;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port between {} and {} is free", PORTS.start, PORTS.end);
}
