//! `tillstream doctor`: what is missing on this machine, and how to get it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use serde::Serialize;

use super::instance;
use crate::cli::Common;
use crate::config::{Loaded, Sync, load};
use crate::data_dir::Running;
use crate::failure::{Exit, Failure, Outcome};
use crate::nats::Binary;
use crate::output::{self, Format};

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    good: bool,
    finding: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

pub(crate) async fn run(common: &Common) -> Outcome {
    let findings = look(common).await;
    match common.output {
        Format::Json => output::json(&findings)?,
        Format::Table => print(&findings)?,
    }
    match findings.iter().filter(|finding| !finding.good).count() {
        0 => Ok(()),
        bad => Err(Failure::new(Exit::Precondition, format!("{bad} of {} checks found something", findings.len()))),
    }
}

async fn look(common: &Common) -> Vec<Finding> {
    let mut findings = Vec::new();
    let loaded = load(common.config.as_deref(), &common.flags(None)).and_then(|loaded| {
        loaded.shops()?;
        Ok(loaded)
    });
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(failure) => return vec![Finding::bad("configuration", failure)],
    };
    findings.push(Finding::good("configuration", format!("good, {} shop(s)", loaded.config.shops.len())));
    findings.push(nats_server(&loaded));
    findings.push(durability(&loaded));
    let running = Running::find(&loaded.config.data.dir);
    findings.push(data_dir(&loaded.config.data.dir));
    findings.push(match &running {
        Some(running) => instance(running).await,
        None => port(loaded.config.server.listen),
    });
    findings
}

impl Finding {
    fn good(check: &'static str, finding: impl Into<String>) -> Self {
        Self { check, good: true, finding: finding.into(), hint: None }
    }

    fn bad(check: &'static str, failure: Failure) -> Self {
        Self { check, good: false, finding: failure.to_string(), hint: failure.into_hint() }
    }

    fn of(check: &'static str, outcome: Outcome<String>) -> Self {
        outcome.map_or_else(|failure| Self::bad(check, failure), |finding| Self::good(check, finding))
    }
}

fn nats_server(loaded: &Loaded) -> Finding {
    if loaded.config.nats.url.is_some() {
        return Finding::good("nats-server", "not needed: nats.url is configured");
    }
    let found = Binary::find().map(|binary| format!("{} at {}", binary.version, binary.path.display()));
    Finding::of("nats-server", found)
}

fn durability(loaded: &Loaded) -> Finding {
    Finding::good(
        "durability",
        match (&loaded.config.nats.url, loaded.config.nats.sync) {
            (Some(_), _) => "as the configured NATS servers are set; /readyz says how",
            (None, Sync::Always) => "every write is flushed before it is confirmed: a power cut loses nothing",
            (None, Sync::Interval) => "nats.sync is \"interval\": a power cut may lose up to two minutes",
        },
    )
}

fn data_dir(path: &Path) -> Finding {
    // what is missing of the path will be made
    let there = path.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("."));
    let described = try_writing(there).map(|()| path.display().to_string());
    let failed =
        |e| Failure::from(e).context(path.display()).hint("choose a directory you can write to with --data-dir");
    Finding::of("data directory", described.map_err(failed))
}

fn try_writing(dir: &Path) -> std::io::Result<()> {
    let probe = dir.join(format!(".tillstream-doctor-{}", std::process::id()));
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(probe)
}

fn port(listen: SocketAddr) -> Finding {
    let free = TcpListener::bind(listen).map(|_| format!("{listen} is free"));
    let taken = |e| Failure::from(e).context(format!("cannot listen on {listen}")).hint("choose another with --listen");
    Finding::of("address", free.map_err(taken))
}

async fn instance(running: &Running) -> Finding {
    let answer = instance::get(&running.url, "/v1/status").await;
    Finding::of("running", answer.map(|_| format!("process {} answers at {}", running.pid, running.url)))
}

fn print(findings: &[Finding]) -> std::io::Result<()> {
    let mark = |good| if good { "ok" } else { "MISSING" }.to_owned();
    let row = |f: &Finding| [mark(f.good), f.check.to_owned(), f.finding.clone()];
    output::table(["", "CHECK", "FINDING"], findings.iter().map(row))?;
    for (finding, hint) in findings.iter().filter_map(|f| Some((f, f.hint.as_ref()?))) {
        output::line(format!("{}: {hint}", finding.check))?;
    }
    Ok(())
}
