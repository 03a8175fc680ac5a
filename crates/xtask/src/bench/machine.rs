//! The machine a run is measured on, and what the server takes of it.

use anyhow::{Context as _, Result};
use testkit::World;

/// Cores, and who else was at work: others at work make every figure worth less.
pub(crate) fn describe() -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let load: Vec<_> = load.split_whitespace().take(3).collect();
    Ok(format!("machine: {cores} cores, load average before the run {}", load.join(" ")))
}

/// Peak resident memory of the server in MB, as the kernel counts it.
pub(crate) fn peak_memory(world: &World) -> Result<u64> {
    let pid = world.server.pid().context("the server has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? / 1024)
}
