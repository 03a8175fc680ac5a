//! A private cluster in a temporary folder.

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use super::account::Account;

/// How often another port is tried when somebody took the free one before us.
const TRIES: usize = 5;

/// The superuser of every cluster of ours.
const USER: &str = "enmusubi";

/// `fsync` is off: what these tests kill are processes, which lose nothing that the kernel has; whole machines are not
/// killed here. Collation C, as our columns have it.
const SETTINGS: &str = "\
listen_addresses = '127.0.0.1'
fsync = off
full_page_writes = off
max_connections = 300
shared_buffers = 64MB
max_wal_size = 512MB
deadlock_timeout = 200ms
log_min_messages = warning
";

/// Waits until our end of its standard input is closed, by us or by our death of whatever kind, then stops the cluster
/// and removes its folder. In a process group of its own: Ctrl-C must not end it before its work is done.
const JANITOR: &str = r#"read -r _; "$1" stop -D "$2/data" -m immediate -w >/dev/null 2>&1; rm -rf "$2""#;

/// A running cluster that ends, and leaves nothing, with this value or this process.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    account: Account,
    folder: PathBuf,
    port: u16,
    janitor: Child,
}

impl Cluster {
    /// Makes and starts one on a free port, its Unix socket beside its data.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not come up; its log is in the error.
    pub fn start() -> Result<Self> {
        let programs = super::programs()?;
        let account = Account::choose()?;
        // Removed by the janitor, who lives longer than we do.
        let folder = tempfile::Builder::new().prefix("enmusubi-pg-").tempdir()?.keep();
        account.own(&folder)?;
        let mut janitor = account.command("/bin/sh");
        janitor.args(["-c", JANITOR, "janitor"]).arg(programs.join("pg_ctl")).arg(&folder);
        janitor.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let janitor = janitor.spawn().context("the janitor cannot be started")?;
        let mut cluster = Self { programs, account, folder, port: 0, janitor };
        cluster.initialise()?;
        for _ in 1..TRIES {
            if cluster.choose_port().and_then(|()| cluster.resume()).is_ok() {
                return Ok(cluster);
            }
        }
        cluster.choose_port()?;
        cluster.resume()?;
        Ok(cluster)
    }

    /// URL of its maintenance database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    /// Its folder: data, socket and log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn initialise(&self) -> Result<()> {
        let mut initdb = self.account.command(self.programs.join("initdb"));
        initdb.arg("--pgdata").arg(self.data()).args(["--username", USER, "--auth=trust", "--encoding=UTF8"]);
        let output = initdb.args(["--locale=C", "--no-sync"]).output().context("initdb")?;
        ensure!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn choose_port(&mut self) -> Result<()> {
        self.port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let place = format!("port = {}\nunix_socket_directories = '{}'\n", self.port, self.folder.display());
        std::fs::write(self.data().join("postgresql.conf"), format!("{SETTINGS}{place}"))?;
        Ok(())
    }

    /// Starts it, at first or after [`Cluster::stop`], and waits until it takes connections.
    ///
    /// # Errors
    /// When it does not come up within a minute.
    pub fn resume(&self) -> Result<()> {
        let log = self.folder.join("log");
        let mut start = self.account.command(self.programs.join("pg_ctl"));
        start.args(["start", "-w", "-s", "-t", "60", "-D"]).arg(self.data()).arg("-l").arg(&log);
        // The server inherits what `pg_ctl` has: a pipe would stay open as long as it runs.
        let nowhere = || File::options().write(true).open("/dev/null");
        let status =
            start.stdin(Stdio::null()).stdout(nowhere()?).stderr(nowhere()?).status().context("pg_ctl")?;
        if !status.success() {
            bail!("PostgreSQL does not start: {}", std::fs::read_to_string(log).unwrap_or_default());
        }
        Ok(())
    }

    /// Stops it as an operator would in a hurry: connections are cut, transactions rolled back.
    ///
    /// # Errors
    /// When it does not run.
    pub fn stop(&self) -> Result<()> {
        let mut stop = self.account.command(self.programs.join("pg_ctl"));
        let output =
            stop.args(["stop", "-w", "-m", "fast", "-D"]).arg(self.data()).output().context("pg_ctl")?;
        ensure!(output.status.success(), "pg_ctl stop: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take());
        let _ = self.janitor.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_stopped_resumed_and_leaves_nothing() {
        let cluster = Cluster::start().unwrap();
        let ask = || super::super::run_sql(&cluster.url(), "SELECT 1");
        assert_eq!(ask().unwrap(), "1");
        cluster.stop().unwrap();
        assert!(ask().is_err());
        cluster.resume().unwrap();
        assert_eq!(ask().unwrap(), "1");
        let folder = cluster.folder().to_owned();
        assert!(folder.join("data").is_dir());
        drop(cluster);
        assert!(!folder.exists());
    }
}
