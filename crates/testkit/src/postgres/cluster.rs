//! A private cluster in a temporary folder.

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use super::account::Account;
use super::certificates::Certificates;

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
        Self::start_with("")
    }

    /// The same with more settings, or others: lines of `postgresql.conf`.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn start_with(settings: &str) -> Result<Self> {
        let cluster = Self::make()?;
        cluster.initialise()?;
        cluster.launch(settings)
    }

    /// One that takes connections by TLS alone, with these certificates.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn start_with_tls(certificates: &Certificates) -> Result<Self> {
        let cluster = Self::make()?;
        cluster.initialise()?;
        for (name, text) in [("server.crt", &certificates.server), ("server.key", &certificates.server_key)] {
            let path = cluster.data().join(name);
            std::fs::write(&path, text)?;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
            cluster.account.own(&path)?;
        }
        std::fs::write(cluster.data().join("pg_hba.conf"), "hostssl all all all trust\n")?;
        cluster.launch("ssl = on\n")
    }

    /// A server that follows this one and can be read.
    ///
    /// # Errors
    /// When it cannot be copied, or does not come up.
    pub fn replica(&self) -> Result<Self> {
        let cluster = Self::make()?;
        let mut copy = cluster.account.command(self.programs.join("pg_basebackup"));
        copy.arg("--pgdata").arg(cluster.data()).args(["--dbname", &self.url()]);
        copy.args(["--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream", "--no-sync"]);
        let output = copy.output().context("pg_basebackup")?;
        ensure!(output.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&output.stderr));
        cluster.launch("")
    }

    /// Runs statements on its maintenance database; what they print, unaligned and without headers.
    ///
    /// # Errors
    /// When one fails.
    pub fn run(&self, sql: &str) -> Result<String> {
        super::run_sql(&self.url(), sql)
    }

    /// Makes an empty database of this name; its URL. It goes with the cluster.
    ///
    /// # Errors
    /// When there is one already.
    pub fn database(&self, name: &str) -> Result<String> {
        self.run(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))?;
        Ok(self.url_of(name))
    }

    /// URL of one of its databases.
    #[must_use]
    pub fn url_of(&self, name: &str) -> String {
        super::with_database(&self.url(), name)
    }

    /// The process that started all others of it.
    ///
    /// # Errors
    /// When it does not run.
    pub fn process(&self) -> Result<u32> {
        let text = std::fs::read_to_string(self.data().join("postmaster.pid"))?;
        Ok(text.lines().next().context("postmaster.pid is empty")?.trim().parse()?)
    }

    /// A folder with its janitor, and nothing in it.
    fn make() -> Result<Self> {
        let programs = super::programs()?;
        let account = Account::choose()?;
        // Removed by the janitor, who lives longer than we do.
        let folder = tempfile::Builder::new().prefix("enmusubi-pg-").tempdir()?.keep();
        account.own(&folder)?;
        let mut janitor = account.command("/bin/sh");
        janitor.args(["-c", JANITOR, "janitor"]).arg(programs.join("pg_ctl")).arg(&folder);
        janitor.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let janitor = janitor.spawn().context("the janitor cannot be started")?;
        Ok(Self { programs, account, folder, port: 0, janitor })
    }

    /// Starts it for the first time, on a port that nobody has.
    fn launch(mut self, more: &str) -> Result<Self> {
        for _ in 1..TRIES {
            if self.choose_port(more).and_then(|()| self.resume()).is_ok() {
                return Ok(self);
            }
        }
        self.choose_port(more)?;
        self.resume()?;
        Ok(self)
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
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

    fn choose_port(&mut self, more: &str) -> Result<()> {
        self.port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let place = format!("port = {}\nunix_socket_directories = '{}'\n", self.port, self.folder.display());
        std::fs::write(self.data().join("postgresql.conf"), format!("{SETTINGS}{more}{place}"))?;
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

    /// What is written to the one can be read from the other, which takes no writes.
    #[test]
    fn a_replica_follows_its_primary() {
        let cluster = Cluster::start().unwrap();
        cluster.run("CREATE TABLE t (a int)").unwrap();
        let replica = cluster.replica().unwrap();
        cluster.run("INSERT INTO t VALUES (7)").unwrap();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while replica.run("SELECT a FROM t").unwrap() != "7" {
            assert!(std::time::Instant::now() < end, "it does not follow");
        }
        assert!(replica.run("INSERT INTO t VALUES (8)").is_err());
    }

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
