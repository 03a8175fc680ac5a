//! Settings: flag > environment `ENMUSUBI_*` > `enmusubi.toml` > default.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_api::TrustedProxies;
use profile_model::Buckets;
use serde::Deserialize;

use crate::args::{ServeArguments, Shared};
use crate::failure::Failure;

mod place;

pub(crate) use place::Place;

/// Settings file that is read if it is there.
const FILE: &str = "enmusubi.toml";

/// Data folder where neither it nor the database is named.
const DATA_DIR: &str = "enmusubi-data";

/// Name of the database file in the data folder.
const DATABASE_FILE: &str = "enmusubi.db";

/// Text that never shows in logs or errors.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    /// Its text.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// One source of settings; what it does not say is `None`. The names are those of the file, and, in capitals behind
/// `ENMUSUBI_`, of the environment.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Layer {
    listen: Option<String>,
    database: Option<Secret>,
    database_read: Option<Secret>,
    database_connections: Option<Count>,
    database_statement_timeout: Option<Count>,
    data_dir: Option<PathBuf>,
    public_url: Option<String>,
    trusted_proxies: Option<String>,
    line_api_base: Option<String>,
    line_access_base: Option<String>,
    secret_key: Option<Secret>,
    bootstrap_api_key: Option<Secret>,
    bootstrap_admin_password: Option<Secret>,
    bootstrap_buckets: Option<Count>,
}

impl Layer {
    /// From flags.
    pub(crate) fn of_flags(shared: &Shared, serve: &ServeArguments) -> Self {
        Self {
            listen: serve.listen.clone(),
            database: shared.database.clone().map(Secret),
            data_dir: shared.data_dir.clone(),
            public_url: serve.public_url.clone(),
            trusted_proxies: serve.trusted_proxies.clone(),
            ..Self::default()
        }
    }

    /// From the environment; an empty variable says nothing.
    pub(crate) fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| variable(&format!("ENMUSUBI_{name}")).filter(|text| !text.is_empty());
        Self {
            listen: text("LISTEN"),
            database: text("DATABASE").map(Secret),
            database_read: text("DATABASE_READ").map(Secret),
            database_connections: text("DATABASE_CONNECTIONS").map(Count),
            database_statement_timeout: text("DATABASE_STATEMENT_TIMEOUT").map(Count),
            data_dir: text("DATA_DIR").map(PathBuf::from),
            public_url: text("PUBLIC_URL"),
            trusted_proxies: text("TRUSTED_PROXIES"),
            line_api_base: text("LINE_API_BASE"),
            line_access_base: text("LINE_ACCESS_BASE"),
            secret_key: text("SECRET_KEY").map(Secret),
            bootstrap_api_key: text("BOOTSTRAP_API_KEY").map(Secret),
            bootstrap_admin_password: text("BOOTSTRAP_ADMIN_PASSWORD").map(Secret),
            bootstrap_buckets: text("BOOTSTRAP_BUCKETS").map(Count),
        }
    }

    /// From the text of a settings file; the error names the key, never a value.
    pub(crate) fn of_file(text: &str, name: &Path) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| {
            // `message` leaves the source line out, which may hold a secret.
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            Failure::Misuse(format!("{} cannot be used: line {line}: {}", name.display(), error.message()))
        })
    }

    /// This one where it says something, else the weaker one.
    pub(crate) fn over(self, weaker: Self) -> Self {
        Self {
            listen: self.listen.or(weaker.listen),
            database: self.database.or(weaker.database),
            database_read: self.database_read.or(weaker.database_read),
            database_connections: self.database_connections.or(weaker.database_connections),
            database_statement_timeout: self.database_statement_timeout.or(weaker.database_statement_timeout),
            data_dir: self.data_dir.or(weaker.data_dir),
            public_url: self.public_url.or(weaker.public_url),
            trusted_proxies: self.trusted_proxies.or(weaker.trusted_proxies),
            line_api_base: self.line_api_base.or(weaker.line_api_base),
            line_access_base: self.line_access_base.or(weaker.line_access_base),
            secret_key: self.secret_key.or(weaker.secret_key),
            bootstrap_api_key: self.bootstrap_api_key.or(weaker.bootstrap_api_key),
            bootstrap_admin_password: self.bootstrap_admin_password.or(weaker.bootstrap_admin_password),
            bootstrap_buckets: self.bootstrap_buckets.or(weaker.bootstrap_buckets),
        }
    }
}

/// The settings of this process.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Where the database is.
    pub(crate) database: Place,
    /// A replica of it, for requests that allow it.
    pub(crate) database_read: Option<Place>,
    /// Most connections to a database server.
    pub(crate) database_connections: u32,
    /// How long a statement may take on a database server.
    pub(crate) database_statement_timeout: Duration,
    /// Folder of uploads and the secret key.
    pub(crate) data_dir: PathBuf,
    /// Base of webhook URLs, if it is not where we listen.
    pub(crate) public_url: Option<String>,
    /// Whose `X-Forwarded-For` is believed; nobody's by default.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Messaging API, if it is not LINE itself.
    pub(crate) line_api_base: Option<String>,
    /// LINE Login, if it is not LINE itself.
    pub(crate) line_access_base: Option<String>,
    /// Seals stored LINE secrets; absent: the one kept in the data folder.
    pub(crate) secret_key: Option<Secret>,
    /// First API key, for scripts.
    pub(crate) bootstrap_api_key: Option<Secret>,
    /// First dashboard password, for scripts.
    pub(crate) bootstrap_admin_password: Option<Secret>,
    /// Over how many buckets the first workspace is spread.
    pub(crate) bootstrap_buckets: Buckets,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("database", &self.database)
            .field("database_read", &self.database_read)
            .field("database_connections", &self.database_connections)
            .field("database_statement_timeout", &self.database_statement_timeout)
            .field("data_dir", &self.data_dir)
            .field("public_url", &self.public_url)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("line_api_base", &self.line_api_base)
            .field("line_access_base", &self.line_access_base)
            .field("secret_key", &self.secret_key)
            .field("bootstrap_api_key", &self.bootstrap_api_key)
            .field("bootstrap_admin_password", &self.bootstrap_admin_password)
            .field("bootstrap_buckets", &self.bootstrap_buckets.count())
            .finish()
    }
}

impl Settings {
    /// Reads all sources.
    ///
    /// # Errors
    /// [`Failure::Misuse`] for a settings file that is named but absent, an unknown key, or a value that cannot be.
    pub(crate) fn read(shared: &Shared, serve: &ServeArguments) -> Result<Self, Failure> {
        let name = shared.config.clone().unwrap_or_else(|| PathBuf::from(FILE));
        let file = match std::fs::read_to_string(&name) {
            Ok(text) => Layer::of_file(&text, &name)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && shared.config.is_none() => {
                Layer::default()
            }
            Err(error) => {
                return Err(Failure::Misuse(format!("{} cannot be read: {error}", name.display())));
            }
        };
        let environment = Layer::of_environment(|name| std::env::var(name).ok());
        Self::from_layer(Layer::of_flags(shared, serve).over(environment).over(file))
    }

    /// Fills in the defaults and checks the values. Database and data folder stay together: naming one places the
    /// other, so that every process that opens a database finds the same uploads and secret key.
    ///
    /// # Errors
    /// [`Failure::Misuse`], naming the setting.
    pub(crate) fn from_layer(layer: Layer) -> Result<Self, Failure> {
        let listen = layer.listen.as_deref().unwrap_or("127.0.0.1:8080");
        let listen = listen.parse().map_err(|_| {
            Failure::Misuse(format!("listen: '{listen}' is not an address and port such as 127.0.0.1:8080"))
        })?;
        let named = layer.database.as_ref().map(|url| Place::parse(url.reveal())).transpose()?;
        let replica = layer.database_read.as_ref().map(|url| Place::parse(url.reveal())).transpose()?;
        let on_server = named.as_ref().is_some_and(|place| place.file().is_none());
        if replica.as_ref().is_some_and(|replica| replica.file().is_some() || !on_server) {
            return Err(Failure::Misuse(
                "database_read: expected postgres://USER@HOST/DATABASE, a replica of a database that is postgres://, too"
                    .to_owned(),
            ));
        }
        let connections = count("database_connections", layer.database_connections.as_ref(), 16)?;
        let timeout = count("database_statement_timeout", layer.database_statement_timeout.as_ref(), 30)?;
        let data_dir = layer.data_dir.unwrap_or_else(|| {
            let beside = named.as_ref().and_then(Place::file).and_then(Path::parent);
            beside.map_or_else(|| PathBuf::from(DATA_DIR), Path::to_owned)
        });
        // The folder of a bare file name is an empty path, which cannot be opened.
        let data_dir = if data_dir.as_os_str().is_empty() { PathBuf::from(".") } else { data_dir };
        let trusted_proxies = layer.trusted_proxies.as_deref().unwrap_or_default().parse();
        let trusted_proxies =
            trusted_proxies.map_err(|error| Failure::Misuse(format!("trusted_proxies: {error}")))?;
        Ok(Self {
            listen,
            database_read: replica,
            database: named.unwrap_or_else(|| Place::File(data_dir.join(DATABASE_FILE))),
            database_connections: connections,
            database_statement_timeout: Duration::from_secs(timeout.into()),
            data_dir,
            public_url: base_url("public_url", layer.public_url)?,
            trusted_proxies,
            line_api_base: base_url("line_api_base", layer.line_api_base)?,
            line_access_base: base_url("line_access_base", layer.line_access_base)?,
            secret_key: layer.secret_key,
            bootstrap_api_key: layer.bootstrap_api_key,
            bootstrap_admin_password: layer.bootstrap_admin_password,
            bootstrap_buckets: buckets(layer.bootstrap_buckets.as_ref())?,
        })
    }

    /// Settings of a demonstration: everything in one folder, LINE at `line_api_base`, nothing from outside.
    pub(crate) fn throw_away(folder: &Path, listen: SocketAddr, line_api_base: String) -> Self {
        Self {
            listen,
            database: Place::File(folder.join(DATABASE_FILE)),
            database_read: None,
            database_connections: 1,
            database_statement_timeout: Duration::from_secs(30),
            data_dir: folder.to_owned(),
            public_url: None,
            trusted_proxies: TrustedProxies::default(),
            line_api_base: Some(line_api_base),
            line_access_base: None,
            secret_key: None,
            bootstrap_api_key: None,
            bootstrap_admin_password: None,
            bootstrap_buckets: Buckets::ONE,
        }
    }

    /// Where uploads wait for their import.
    pub(crate) fn uploads(&self) -> PathBuf {
        self.data_dir.join("uploads")
    }
}

/// A count from the text of a setting; the error names the setting.
fn count(name: &str, text: Option<&Count>, default: u32) -> Result<u32, Failure> {
    let Some(Count(text)) = text else { return Ok(default) };
    let count = text.parse().ok().filter(|count| (1..=10_000).contains(count));
    count.ok_or_else(|| Failure::Misuse(format!("{name}: expected a number from 1 to 10000")))
}

/// A number of buckets from the text of its setting.
fn buckets(text: Option<&Count>) -> Result<Buckets, Failure> {
    let Some(Count(text)) = text else { return Ok(Buckets::ONE) };
    let buckets = text.parse().ok().and_then(Buckets::new);
    buckets.ok_or_else(|| {
        Failure::Misuse(format!("bootstrap_buckets: expected a number from 1 to {}", Buckets::MAX))
    })
}

/// A number as a file or the environment writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count(String);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(|number| Self(number.to_string()))
    }
}

/// The beginning of URLs, without a slash at its end.
fn base_url(name: &str, text: Option<String>) -> Result<Option<String>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if !host.is_some_and(|host| host.starts_with(|first: char| first.is_alphanumeric() || first == '[')) {
        return Err(Failure::Misuse(format!("{name} must be a URL such as https://profiles.example.com")));
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

#[cfg(test)]
mod tests;
