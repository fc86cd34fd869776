use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use projections::ReplayProgress;

const WIDTH: u64 = 30;
const BETWEEN_DRAWINGS: Duration = Duration::from_millis(200);
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Progress on standard error: one line that is drawn again in a terminal, a line now and then elsewhere.
pub(super) struct Bar {
    terminal: bool,
    drawn_at: Option<Instant>,
}

impl Bar {
    pub(super) fn new() -> Self {
        Self { terminal: stderr().is_terminal(), drawn_at: None }
    }

    pub(super) fn tell(&mut self, progress: ReplayProgress) {
        let pause = if self.terminal { BETWEEN_DRAWINGS } else { BETWEEN_LINES };
        let done = progress.position >= progress.target;
        if !done && self.drawn_at.is_some_and(|at| at.elapsed() < pause) {
            return;
        }
        self.drawn_at = Some(Instant::now());
        let (start, end) = match (self.terminal, done) {
            (true, false) => ("\r", ""),
            (true, true) => ("\r", "\n"),
            (false, _) => ("", "\n"),
        };
        // Where nobody can read it, nothing is lost.
        let _ = write!(stderr().lock(), "{start}{}{end}", line(&progress));
    }
}

fn line(progress: &ReplayProgress) -> String {
    let ReplayProgress { position, target, .. } = *progress;
    let filled = (position * WIDTH / target.max(1)).min(WIDTH) as usize;
    let bar: String = "#".repeat(filled) + &".".repeat(WIDTH as usize - filled);
    let percent = position * 100 / target.max(1);
    let pace = progress.events_per_second();
    let rest = progress.remaining().map_or_else(String::new, |rest| format!("  {} s left", rest.as_secs()));
    format!("[{bar}] {percent:>3} %  {position} of {target} events  {pace:.0}/s{rest}   ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long() {
        let elapsed = Duration::from_secs(2);
        let told = line(&ReplayProgress { from: 100, position: 500, target: 1_000, elapsed });
        assert_eq!(told.trim_end(), "[###############...............]  50 %  500 of 1000 events  200/s  2 s left");
        let empty = line(&ReplayProgress { from: 0, position: 0, target: 0, elapsed: Duration::ZERO });
        assert!(empty.contains("0 of 0 events"), "{empty}");
    }
}
