//! The one binary; everything is in the library beside it.

use std::process::ExitCode;

/// Messages are many small allocations, made on one thread and freed on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tillstream::main()
}
