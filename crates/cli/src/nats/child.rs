//! Between `up` and its nats-server: this same binary, started as `nats-child`, ties the server's life to `up`'s.
//!
//! On Linux it asks the kernel to be killed with its parent and then becomes nats-server; elsewhere it stays and
//! watches. Either way nats-server is gone also when `up` was killed and could clean up nothing.

use std::os::unix::process::parent_id;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Exit, Failure, Outcome};

/// What `up` tells the child.
#[derive(Debug, clap::Args)]
pub(crate) struct ChildArgs {
    /// The process whose end is ours too.
    #[arg(long)]
    parent: u32,
    #[arg(long)]
    server: PathBuf,
    #[arg(long)]
    config: PathBuf,
}

impl ChildArgs {
    /// The command line that comes back here; the standard input is handed on to nats-server.
    pub(super) fn command(server: &std::path::Path, config: &std::path::Path) -> std::io::Result<Command> {
        let mut command = Command::new(this_program()?);
        command.arg("nats-child").arg("--parent").arg(std::process::id().to_string());
        command.arg("--server").arg(server).arg("--config").arg(config);
        Ok(command)
    }
}

/// This very program, also after an upgrade has replaced its file.
pub(crate) fn this_program() -> std::io::Result<PathBuf> {
    let image = PathBuf::from("/proc/self/exe");
    if image.exists() { Ok(image) } else { std::env::current_exe() }
}

/// Runs nats-server in place of this process, until it ends or the parent is gone.
///
/// # Errors
/// nats-server cannot be started, or the parent was gone before it was.
pub(crate) fn become_nats_server(args: &ChildArgs) -> Outcome {
    let mut command = Command::new(&args.server);
    command.arg("--config").arg(&args.config);
    run(command, args.parent)
}

fn refuse_orphan(parent: u32) -> Outcome {
    if parent_id() == parent { Ok(()) } else { Err(Failure::new(Exit::Precondition, "the parent process is gone")) }
}

#[cfg(target_os = "linux")]
fn run(mut command: Command, parent: u32) -> Outcome {
    use std::os::unix::process::CommandExt;
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // asked for too late, the kernel's signal would never come
    refuse_orphan(parent)?;
    Err(command.exec().into())
}

#[cfg(not(target_os = "linux"))]
fn run(mut command: Command, parent: u32) -> Outcome {
    let mut server = command.spawn()?;
    loop {
        if let Some(status) = server.try_wait()? {
            std::process::exit(status.code().unwrap_or(1));
        }
        if let Err(orphaned) = refuse_orphan(parent) {
            server.kill()?;
            return Err(orphaned);
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
