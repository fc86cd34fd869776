//! Figures: rates, percentiles, processor time.

use std::time::Duration;

use serde::Serialize;

/// One measurement, or the medians of several.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Figures {
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Processor seconds per 10,000, of the receiver; none where the system does not say.
    pub(super) own_cpu: Option<f64>,
    /// The same, of the broker.
    pub(super) broker_cpu: Option<f64>,
    pub(super) refused: u64,
}

/// Processor seconds a process has used, with all its threads. Linux only.
pub(super) fn cpu_seconds(pid: u32) -> Option<f64> {
    /// The unit of /proc: USER_HZ, the same on every Linux that matters.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // the name in parentheses may hold anything
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = |field: Option<&str>| field?.parse::<f64>().ok();
    Some((ticks(fields.next())? + ticks(fields.next())?) / TICKS)
}

/// The most memory a process has had so far, in MiB. Linux only.
pub(super) fn peak_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? / 1_024)
}

impl Figures {
    pub(super) fn new(mut latencies: Vec<Duration>, time: Duration, refused: u64, cpu: [Option<f64>; 2]) -> Self {
        latencies.sort_unstable();
        let count = latencies.len().max(1) as f64;
        let percentile = |p: usize| latencies.get(latencies.len() * p / 100).map_or(0.0, |l| l.as_secs_f64() * 1e3);
        let [own_cpu, broker_cpu] = cpu.map(|seconds| Some(seconds? / count * 1e4));
        Self {
            per_second: latencies.len() as f64 / time.as_secs_f64(),
            p50_ms: percentile(50),
            p99_ms: percentile(99),
            own_cpu,
            broker_cpu,
            refused,
        }
    }

    /// Each figure's median by itself.
    pub(super) fn medians(runs: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(runs.iter().map(figure).collect());
        let cpu = |figure: fn(&Self) -> Option<f64>| runs.iter().map(figure).collect::<Option<Vec<_>>>().map(median);
        Self {
            per_second: of(|f| f.per_second),
            p50_ms: of(|f| f.p50_ms),
            p99_ms: of(|f| f.p99_ms),
            own_cpu: cpu(|f| f.own_cpu),
            broker_cpu: cpu(|f| f.broker_cpu),
            refused: runs.iter().map(|f| f.refused).sum(),
        }
    }
}

/// The middle one.
pub(super) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(0.0)
}
