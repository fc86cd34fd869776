//! `tillstream streams backup` and `restore`: one folder per stream, as nats-server's own tools write them.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use serde::Serialize;
use streams::{Backup, Broker, Manifest, ReadError, Restore, RestoreError, Stream};

use crate::cli::Common;
use crate::failure::{Exit, Failure, OrExit, Outcome};
use crate::output::{self, Format};
use crate::roles;

const MANIFEST: &str = "backup.json";
const ARCHIVE: &str = "stream.tar.s2";
const PIECE: u64 = 128 * 1024;

#[derive(Debug, Serialize)]
struct Done {
    stream: &'static str,
    messages: u64,
    last_sequence: u64,
    bytes: u64,
}

/// In this order: the inbox is older than the log, so that the recorder finds what it knows and records the
/// rest again; what subscribers left behind is newer, so that none of it is missing.
pub(super) async fn back_up(common: &Common, broker: &Broker, dir: &Path) -> Outcome {
    if dir.join(Stream::Inbox.name()).exists() {
        let message = format!("{} holds a backup already", dir.display());
        return Err(Failure::new(Exit::Precondition, message).hint("name a new folder for each backup"));
    }
    let mut done = Vec::new();
    for stream in Stream::ALL {
        let doing = |e: Failure| e.context(format!("backup of {stream}"));
        done.push(write(broker, stream, &dir.join(stream.name())).await.map_err(doing)?);
    }
    print(common, &done)
}

async fn write(broker: &Broker, stream: Stream, dir: &Path) -> Outcome<Done> {
    fs::create_dir_all(dir).or_exit(Exit::Precondition)?;
    let mut backup = Backup::open(broker, stream).await.map_err(roles::explain)?;
    let mut archive = File::create_new(dir.join(ARCHIVE)).or_exit(Exit::Precondition)?;
    let mut bytes = 0;
    while let Some(piece) = backup.next().await.map_err(roles::explain)? {
        archive.write_all(&piece)?;
        bytes += piece.len() as u64;
    }
    archive.sync_all()?;
    // It comes last: a folder without it is no backup.
    let mut manifest = File::create_new(dir.join(MANIFEST))?;
    manifest.write_all(&serde_json::to_vec_pretty(&backup.manifest)?)?;
    manifest.sync_all()?;
    Ok(done(stream, &backup.manifest, bytes))
}

/// Reads everything before it restores anything.
pub(super) async fn restore(common: &Common, broker: &Broker, dir: &Path, dry_run: bool) -> Outcome {
    let mut wanted = Vec::new();
    for stream in Stream::ALL {
        let folder = dir.join(stream.name());
        let manifest = manifest(&folder, stream).map_err(|e| e.context(folder.display()))?;
        let bytes = fs::metadata(folder.join(ARCHIVE)).or_exit(Exit::Precondition)?.len();
        wanted.push((stream, manifest, bytes));
    }
    let report = roles::report_streams(broker, &crate::config::Nats::default()).await?;
    if let Some(there) = report.streams.iter().find(|finding| finding.state != streams::topology::State::Missing) {
        let message = format!("{} is there already", there.name);
        return Err(Failure::new(Exit::Precondition, message).hint("restore to a broker that has none of the streams"));
    }
    let told: Vec<Done> = wanted.iter().map(|(stream, manifest, bytes)| done(*stream, manifest, *bytes)).collect();
    if !dry_run {
        for (stream, manifest, _) in wanted {
            let doing = |e: Failure| e.context(format!("restore of {stream}"));
            send(broker, stream, manifest, &dir.join(stream.name()).join(ARCHIVE)).await.map_err(doing)?;
        }
    }
    print(common, &told)
}

fn manifest(dir: &Path, stream: Stream) -> Outcome<Manifest> {
    let text = fs::read(dir.join(MANIFEST)).or_exit(Exit::Precondition)?;
    let manifest: Manifest = serde_json::from_slice(&text).or_exit(Exit::Precondition)?;
    match manifest.stream() {
        Some(found) if found == stream => Ok(manifest),
        _ => Err(Failure::new(Exit::Precondition, format!("it is not a backup of {stream}"))),
    }
}

async fn send(broker: &Broker, stream: Stream, manifest: Manifest, archive: &Path) -> Outcome {
    let restore = Restore::begin(broker, stream, manifest).await.map_err(explain)?;
    let mut archive = File::open(archive)?;
    loop {
        let mut piece = Vec::new();
        Read::by_ref(&mut archive).take(PIECE).read_to_end(&mut piece)?;
        if piece.is_empty() {
            return restore.finish().await.map_err(explain);
        }
        restore.put(piece.into()).await.map_err(explain)?;
    }
}

fn explain(error: RestoreError) -> Failure {
    match error {
        RestoreError::Broker(error @ ReadError::Refused { .. }) => Failure::from(error).or_exit(Exit::Precondition),
        RestoreError::Broker(error) => roles::explain(error),
        differs @ RestoreError::Differs { .. } => Failure::from(differs).or_exit(Exit::Mismatch),
    }
}

fn done(stream: Stream, manifest: &Manifest, bytes: u64) -> Done {
    Done { stream: stream.name(), messages: manifest.messages(), last_sequence: manifest.last_sequence(), bytes }
}

fn print(common: &Common, done: &[Done]) -> Outcome {
    if common.output == Format::Json {
        return Ok(output::json(&done)?);
    }
    let row = |done: &Done| {
        [done.stream.to_owned(), done.messages.to_string(), done.last_sequence.to_string(), done.bytes.to_string()]
    };
    Ok(output::table(["STREAM", "MESSAGES", "LAST", "BYTES"], done.iter().map(row))?)
}
