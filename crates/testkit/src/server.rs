//! The built binary as a process of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::Caller;
use crate::postgres::Database;
use crate::postgres::citus::{self, CitusDatabase};

/// The key that test servers are started with.
const KEY: &str = "test-key";

/// How to start a server.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// Base URL of the LINE simulator.
    pub line_api_base: Option<String>,
    /// More environment.
    pub environment: Vec<(String, String)>,
    /// Words before the binary, e.g. `strace -f ...`.
    pub wrapper: Vec<String>,
}

impl ServerOptions {
    /// On SQLite, whatever engine other servers are on: for tests about the file.
    #[must_use]
    pub fn in_a_file() -> Self {
        let environment = vec![(DATABASE.to_owned(), "sqlite://data/enmusubi.db".to_owned())];
        Self { environment, ..Self::default() }
    }
}

/// A running server with its own data folder and database, which go when it is dropped.
#[derive(Debug)]
pub struct Server {
    binary: PathBuf,
    options: ServerOptions,
    folder: tempfile::TempDir,
    child: Child,
    base: String,
    _database: Option<Home>,
}

impl Server {
    /// Starts `binary` (pass `env!("CARGO_BIN_EXE_enmusubi")`) on an empty folder and waits until it listens.
    ///
    /// # Errors
    /// When it does not come up within 20 s; its log is in the error.
    pub async fn start(binary: impl AsRef<Path>, mut options: ServerOptions) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let database = database_for(&mut options)?;
        if let Some(Home::Citus { .. }) = &database {
            distribute(binary.as_ref(), &options, folder.path()).await?;
        }
        let (child, base) = launch(binary.as_ref(), &options, folder.path()).await?;
        Ok(Self { binary: binary.as_ref().to_owned(), options, folder, child, base, _database: database })
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Everything logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// A caller with all permissions.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::new(&self.base, Some(KEY))
    }

    /// A caller with this key, or none.
    #[must_use]
    pub fn caller_with(&self, key: Option<&str>) -> Caller {
        Caller::new(&self.base, key)
    }

    /// Runs another command of the binary on the same data: exit code, stdout, stderr.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn command(&self, arguments: &[&str]) -> Result<(i32, String, String)> {
        self.command_with(arguments, &[], "").await
    }

    /// The same with more environment, and with this text on standard input.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn command_with(
        &self,
        arguments: &[&str],
        variables: &[(&str, &str)],
        input: &str,
    ) -> Result<(i32, String, String)> {
        let mut command = Command::new(&self.binary);
        environment(&mut command, &self.options, self.folder.path());
        command.args(arguments).envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take().context("no stdin")?;
        // One that ends without reading has closed it, which is no failure of ours.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = child.wait_with_output().await?;
        Ok((
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ))
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When the process cannot be waited for.
    pub async fn kill9(&mut self) -> Result<()> {
        self.child.kill().await.context("kill -9")
    }

    /// SIGTERM, and waits for a clean end.
    ///
    /// # Errors
    /// When it does not end with status 0 within 20 s.
    pub async fn terminate(&mut self) -> Result<()> {
        self.end_by("-TERM").await
    }

    /// SIGINT, as Ctrl-C sends it, and waits for a clean end.
    ///
    /// # Errors
    /// As [`Server::terminate`].
    pub async fn interrupt(&mut self) -> Result<()> {
        self.end_by("-INT").await
    }

    async fn end_by(&mut self, signal: &str) -> Result<()> {
        let pid = self.child.id().context("the server has ended already")?;
        let sent = Command::new("kill").args([signal, &pid.to_string()]).status().await?;
        anyhow::ensure!(sent.success(), "the signal could not be sent");
        let status = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await??;
        anyhow::ensure!(status.success(), "the server ended with {status}: {}", self.log());
        Ok(())
    }

    /// Starts it again on the same data and port-independent base.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn restart(&mut self) -> Result<()> {
        let (child, base) = launch(&self.binary, &self.options, self.folder.path()).await?;
        self.child = child;
        self.base = base;
        Ok(())
    }
}

/// Over how many buckets the first workspace of servers on PostgreSQL is spread: handed on to those that are started on a
/// database of their own, so that a whole suite runs on a huge workspace.
pub const BUCKETS_VARIABLE: &str = "ENMUSUBI_TEST_BUCKETS";

/// Names the engine that servers are started on: `sqlite`, the default, `postgres`, or `citus`, which is on the coordinator
/// that [`citus::URL_VARIABLE`] names.
pub const ENGINE_VARIABLE: &str = "ENMUSUBI_TEST_ENGINE";

const DATABASE: &str = "ENMUSUBI_DATABASE";

/// Whether servers that name no database of their own are started on PostgreSQL, with Citus or without.
#[must_use]
pub fn is_on_postgres() -> bool {
    std::env::var(ENGINE_VARIABLE).is_ok_and(|engine| engine == "postgres" || engine == "citus")
}

/// Whether the first workspace of such servers is spread over several buckets: then each object of a batch is written as
/// a whole, but not the batch.
#[must_use]
pub fn is_spread() -> bool {
    is_on_postgres() && std::env::var(BUCKETS_VARIABLE).is_ok_and(|buckets| buckets != "1")
}

/// The database of one server.
#[derive(Debug)]
enum Home {
    /// On PostgreSQL; dropped with it.
    Plain { _database: Database },
    /// On Citus; dropped with it.
    Citus { _database: CitusDatabase },
}

/// A new database on PostgreSQL or Citus, if that is the engine and the options name no database.
fn database_for(options: &mut ServerOptions) -> Result<Option<Home>> {
    if !is_on_postgres() || options.environment.iter().any(|(name, _)| name == DATABASE) {
        return Ok(None);
    }
    let (database, url) = if std::env::var(ENGINE_VARIABLE).is_ok_and(|engine| engine == "citus") {
        let coordinator = std::env::var(citus::URL_VARIABLE).context(citus::URL_VARIABLE)?;
        let database = CitusDatabase::create(&coordinator)?;
        let url = database.url();
        (Home::Citus { _database: database }, url)
    } else {
        let database = Database::create()?;
        let url = database.url();
        (Home::Plain { _database: database }, url)
    };
    options.environment.push((DATABASE.to_owned(), url));
    if let Ok(buckets) = std::env::var(BUCKETS_VARIABLE) {
        options.environment.push(("ENMUSUBI_BOOTSTRAP_BUCKETS".to_owned(), buckets));
    }
    Ok(Some(database))
}

fn environment(command: &mut Command, options: &ServerOptions, folder: &Path) {
    command
        .current_dir(folder)
        .env("ENMUSUBI_DATA_DIR", folder.join("data"))
        .env(DATABASE, format!("sqlite://{}", folder.join("data/enmusubi.db").display()))
        .env("ENMUSUBI_BOOTSTRAP_API_KEY", KEY);
    if let Some(base) = &options.line_api_base {
        command.env("ENMUSUBI_LINE_API_BASE", base);
    }
    command.envs(options.environment.iter().cloned());
}

/// Makes the tables and distributes them.
async fn distribute(binary: &Path, options: &ServerOptions, folder: &Path) -> Result<()> {
    let mut command = Command::new(binary);
    environment(&mut command, options, folder);
    let output = command.args(["migrate", "--distribute"]).output().await?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

async fn launch(binary: &Path, options: &ServerOptions, folder: &Path) -> Result<(Child, String)> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("server.log"))?;
    let mut words = options.wrapper.clone();
    words.push(binary.display().to_string());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(["serve", "--listen", "127.0.0.1:0"]);
    environment(&mut command, options, folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("{words:?} cannot be started"))?;
    let stdout = child.stdout.take().context("no stdout")?;
    let mut lines = BufReader::new(stdout).lines();
    let find = async {
        while let Some(line) = lines.next_line().await? {
            if let Some(base) = line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:")) {
                return Ok(base.to_owned());
            }
        }
        bail!("it ended before it listened")
    };
    let found = tokio::time::timeout(Duration::from_secs(20), find).await;
    match found {
        Ok(Ok(base)) => {
            // What else it says is read and dropped, so that it never waits for a reader.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            Ok((child, base))
        }
        Ok(Err(error)) => Err(error.context(std::fs::read_to_string(folder.join("server.log"))?)),
        Err(_) => {
            bail!("it did not listen within 20 s: {}", std::fs::read_to_string(folder.join("server.log"))?)
        }
    }
}
