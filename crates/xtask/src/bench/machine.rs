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

/// Processor time since a moment: who else used the machine while something was measured.
pub(crate) struct Watch {
    server: u32,
    began: Ticks,
}

/// Clock ticks: of all processors, of those not idle, and of server and bench.
struct Ticks {
    total: u64,
    busy: u64,
    ours: u64,
}

impl Watch {
    /// From now on.
    pub(crate) fn start(world: &World) -> Result<Self> {
        let server = world.server.pid().context("the server has ended")?;
        Ok(Self { server, began: Ticks::read(server)? })
    }

    /// Percent of the processors' time that went neither to the server nor to the bench nor was idle.
    pub(crate) fn others(&self) -> Result<u64> {
        let now = Ticks::read(self.server)?;
        let (busy, ours) = (now.busy - self.began.busy, now.ours - self.began.ours);
        Ok(busy.saturating_sub(ours) * 100 / (now.total - self.began.total).max(1))
    }
}

impl Ticks {
    fn read(server: u32) -> Result<Self> {
        let stat = std::fs::read_to_string("/proc/stat")?;
        let line = stat.lines().next().context("/proc/stat is empty")?;
        // user nice system idle iowait irq softirq steal
        let ticks: Vec<u64> =
            line.split_whitespace().skip(1).take(8).map(str::parse).collect::<Result<_, _>>()?;
        let total: u64 = ticks.iter().sum();
        let idle: u64 = ticks.iter().skip(3).take(2).sum();
        let ours = of_process("self")? + of_process(&server.to_string())?;
        Ok(Self { total, busy: total - idle, ours })
    }
}

/// Processor time that the server spends on something. Unlike a rate it says the same on a machine that others use too.
pub(crate) struct Spent<'w> {
    world: &'w World,
    began: u64,
}

impl<'w> Spent<'w> {
    /// From now on.
    pub(crate) fn start(world: &'w World) -> Result<Self> {
        Ok(Self { world, began: of_server(world)? })
    }

    /// Microseconds a piece, for `count` of them.
    pub(crate) fn per(&self, count: u64) -> Result<f64> {
        // A tick of /proc/PID/stat is 10 ms on every Linux.
        let micros = (of_server(self.world)? - self.began) * 10_000;
        Ok(micros as f64 / count.max(1) as f64)
    }
}

fn of_server(world: &World) -> Result<u64> {
    of_process(&world.server.pid().context("the server has ended")?.to_string())
}

/// Processor time of this thread so far, in microseconds, as the scheduler counts it.
pub(crate) fn of_thread() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos: u64 =
        stat.split_whitespace().next().context("/proc/thread-self/schedstat is empty")?.parse()?;
    Ok(nanos as f64 / 1000.0)
}

/// User and system time of a process, in ticks.
fn of_process(process: &str) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("no name in /proc/self/stat")?;
    let times = fields.split_whitespace().skip(11).take(2);
    times.map(|time| Ok(time.parse::<u64>()?)).sum()
}
