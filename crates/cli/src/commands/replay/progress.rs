//! How far it is, for somebody who looks.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use super::plan::Range;
use crate::output;

const AGAIN: Duration = Duration::from_millis(500);

/// A line on the terminal that is written over; nothing where there is none.
pub(in crate::commands) struct Progress {
    range: Range,
    started: Instant,
    shown: Option<Instant>,
    terminal: bool,
}

impl Progress {
    pub(in crate::commands) fn new(range: Range) -> Self {
        Self { range, started: Instant::now(), shown: None, terminal: std::io::stderr().is_terminal() }
    }

    pub(in crate::commands) fn show(&mut self, position: u64) {
        if !self.terminal || self.shown.is_some_and(|shown| shown.elapsed() < AGAIN) {
            return;
        }
        self.shown = Some(Instant::now());
        let (done, all) = (position + 1 - self.range.from, self.range.to + 1 - self.range.from);
        let rate = done as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        let left = all.saturating_sub(done) as f64 / rate.max(1.0);
        output::rewrite(&format!("{done} of {all} events, {rate:.0}/s, {left:.0} s left"));
    }

    pub(in crate::commands) fn done(&self) {
        if self.terminal && self.shown.is_some() {
            output::rewrite("");
        }
    }
}
