//! The machine a run is measured on, and what the server takes of it.

use anyhow::{Context as _, Result};
use testkit::World;

use super::engine::Stage;

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
    database: Option<u32>,
    began: Ticks,
}

/// Clock ticks: of all processors, of those not idle, and of server, database and bench.
struct Ticks {
    total: u64,
    busy: u64,
    ours: u64,
}

impl Watch {
    /// From now on.
    pub(crate) fn start(stage: &Stage) -> Result<Self> {
        let server = stage.world.server.pid().context("the server has ended")?;
        let database = stage.database_process()?;
        Ok(Self { server, database, began: Ticks::read(server, database)? })
    }

    /// Percent of the processors' time that went neither to the server, its database or the bench nor was idle.
    pub(crate) fn others(&self) -> Result<u64> {
        let now = Ticks::read(self.server, self.database)?;
        let (busy, ours) = (now.busy - self.began.busy, now.ours - self.began.ours);
        Ok(busy.saturating_sub(ours) * 100 / (now.total - self.began.total).max(1))
    }
}

impl Ticks {
    fn read(server: u32, database: Option<u32>) -> Result<Self> {
        let stat = std::fs::read_to_string("/proc/stat")?;
        let line = stat.lines().next().context("/proc/stat is empty")?;
        // user nice system idle iowait irq softirq steal
        let ticks: Vec<u64> =
            line.split_whitespace().skip(1).take(8).map(str::parse).collect::<Result<_, _>>()?;
        let total: u64 = ticks.iter().sum();
        let idle: u64 = ticks.iter().skip(3).take(2).sum();
        let bench = times_of("self")?;
        let mut ours = bench.own + bench.of_ended_children + times_of(&server.to_string())?.own;
        if let Some(postmaster) = database {
            ours += of_family(postmaster)?;
        }
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
    Ok(times_of(&world.server.pid().context("the server has ended")?.to_string())?.own)
}

/// Processor time of this thread so far, in microseconds, as the scheduler counts it.
pub(crate) fn of_thread() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos: u64 =
        stat.split_whitespace().next().context("/proc/thread-self/schedstat is empty")?.parse()?;
    Ok(nanos as f64 / 1000.0)
}

/// User and system time, in ticks.
struct Times {
    parent: u32,
    own: u64,
    of_ended_children: u64,
}

fn times_of(process: &str) -> Result<Times> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // After the name: state, parent, .. utime, stime, cutime, cstime.
    let (_, fields) = stat.rsplit_once(')').context("no name in /proc/PID/stat")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |at: usize| {
        fields.get(at).context("/proc/PID/stat is short").and_then(|text| Ok(text.parse::<u64>()?))
    };
    Ok(Times {
        parent: u32::try_from(number(1)?)?,
        own: number(11)? + number(12)?,
        of_ended_children: number(13)? + number(14)?,
    })
}

/// Of a process and all that it started, those that have ended included.
fn of_family(parent: u32) -> Result<u64> {
    let first = times_of(&parent.to_string())?;
    let mut sum = first.own + first.of_ended_children;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        // One that ends meanwhile has no file any more.
        let Some(times) = entry.file_name().to_str().and_then(|name| times_of(name).ok()) else { continue };
        if times.parent == parent {
            sum += times.own + times.of_ended_children;
        }
    }
    Ok(sum)
}
