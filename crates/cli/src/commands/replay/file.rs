//! A file of events, one a line.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use streams::Raw;
use tokio::task::JoinHandle;

use crate::failure::{Exit, Failure, OrExit, Outcome};

/// Lines are made and written beside the reading of the next batch.
pub(in crate::commands) struct Archive {
    file: Option<File>,
    writing: Option<JoinHandle<io::Result<(File, u64)>>>,
    bytes: u64,
}

impl Archive {
    /// A new file; or one that an earlier run wrote so many good bytes of.
    ///
    /// # Errors
    /// It is there already, or its folder is not: a precondition.
    pub(in crate::commands) fn open(path: &Path, begun: Option<u64>) -> Outcome<Self> {
        let doing = |e: Failure| e.context(path.display());
        let mut options = OpenOptions::new();
        options.write(true).create_new(begun.is_none());
        let mut file = options.open(path).or_exit(Exit::Precondition).map_err(doing)?;
        let bytes = begun.unwrap_or_default();
        if file.metadata()?.len() < bytes {
            return Err(doing(Failure::new(Exit::Precondition, "it is shorter than what was written to it")));
        }
        // What came after was not noted: it may be half a line.
        file.set_len(bytes)?;
        file.seek(SeekFrom::Start(bytes))?;
        Ok(Self { file: Some(file), writing: None, bytes })
    }

    pub(in crate::commands) async fn take(&mut self, batch: Vec<Raw>) -> Outcome {
        self.join().await?;
        let Some(mut file) = self.file.take() else { return Err(Failure::new(Exit::Failed, "the file is closed")) };
        self.writing = Some(tokio::task::spawn_blocking(move || {
            let mut lines = Vec::with_capacity(batch.len() * 1_024);
            batch.iter().for_each(|raw| raw.archive(&mut lines));
            file.write_all(&lines)?;
            Ok((file, lines.len() as u64))
        }));
        Ok(())
    }

    /// All of it is on the disk.
    pub(in crate::commands) async fn settle(&mut self) -> Outcome {
        self.join().await?;
        if let Some(file) = &self.file {
            file.sync_data()?;
        }
        Ok(())
    }

    /// Good ones, once it is settled.
    pub(in crate::commands) fn bytes(&self) -> u64 {
        self.bytes
    }

    async fn join(&mut self) -> Outcome {
        if let Some(writing) = self.writing.take() {
            let (file, bytes) = writing.await??;
            self.file = Some(file);
            self.bytes += bytes;
        }
        Ok(())
    }
}
