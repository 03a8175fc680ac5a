//! Settings: flag > environment `ENMUSUBI_*` > `enmusubi.toml` > default.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use http_api::TrustedProxies;
use serde::Deserialize;

use crate::args::{ServeArguments, Shared};
use crate::failure::Failure;

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
    database: Option<String>,
    data_dir: Option<PathBuf>,
    public_url: Option<String>,
    trusted_proxies: Option<String>,
    line_api_base: Option<String>,
    line_access_base: Option<String>,
    secret_key: Option<Secret>,
    bootstrap_api_key: Option<Secret>,
    bootstrap_admin_password: Option<Secret>,
}

impl Layer {
    /// From flags.
    pub(crate) fn of_flags(shared: &Shared, serve: &ServeArguments) -> Self {
        Self {
            listen: serve.listen.clone(),
            database: shared.database.clone(),
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
            database: text("DATABASE"),
            data_dir: text("DATA_DIR").map(PathBuf::from),
            public_url: text("PUBLIC_URL"),
            trusted_proxies: text("TRUSTED_PROXIES"),
            line_api_base: text("LINE_API_BASE"),
            line_access_base: text("LINE_ACCESS_BASE"),
            secret_key: text("SECRET_KEY").map(Secret),
            bootstrap_api_key: text("BOOTSTRAP_API_KEY").map(Secret),
            bootstrap_admin_password: text("BOOTSTRAP_ADMIN_PASSWORD").map(Secret),
        }
    }

    /// From the text of a settings file; the error names the key, never a value.
    pub(crate) fn of_file(text: &str, name: &Path) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| {
            // `message` leaves the source line out, which may hold a secret.
            Failure::Misuse(format!("{} cannot be used: {}", name.display(), error.message()))
        })
    }

    /// This one where it says something, else the weaker one.
    pub(crate) fn over(self, weaker: Self) -> Self {
        Self {
            listen: self.listen.or(weaker.listen),
            database: self.database.or(weaker.database),
            data_dir: self.data_dir.or(weaker.data_dir),
            public_url: self.public_url.or(weaker.public_url),
            trusted_proxies: self.trusted_proxies.or(weaker.trusted_proxies),
            line_api_base: self.line_api_base.or(weaker.line_api_base),
            line_access_base: self.line_access_base.or(weaker.line_access_base),
            secret_key: self.secret_key.or(weaker.secret_key),
            bootstrap_api_key: self.bootstrap_api_key.or(weaker.bootstrap_api_key),
            bootstrap_admin_password: self.bootstrap_admin_password.or(weaker.bootstrap_admin_password),
        }
    }
}

/// The settings of this process.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// The SQLite file.
    pub(crate) database: PathBuf,
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
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("database", &self.database)
            .field("data_dir", &self.data_dir)
            .field("public_url", &self.public_url)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("line_api_base", &self.line_api_base)
            .field("line_access_base", &self.line_access_base)
            .field("secret_key", &self.secret_key)
            .field("bootstrap_api_key", &self.bootstrap_api_key)
            .field("bootstrap_admin_password", &self.bootstrap_admin_password)
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
        let named = layer.database.as_deref().map(sqlite_path).transpose()?;
        let data_dir = layer.data_dir.unwrap_or_else(|| {
            let beside = named.as_deref().and_then(Path::parent).filter(|_| named.is_some());
            beside.map_or_else(|| PathBuf::from(DATA_DIR), Path::to_owned)
        });
        // The folder of a bare file name is an empty path, which cannot be opened.
        let data_dir = if data_dir.as_os_str().is_empty() { PathBuf::from(".") } else { data_dir };
        let trusted_proxies = layer.trusted_proxies.as_deref().unwrap_or_default().parse();
        let trusted_proxies =
            trusted_proxies.map_err(|error| Failure::Misuse(format!("trusted_proxies: {error}")))?;
        let url = |text: Option<String>| text.map(|text| text.trim_end_matches('/').to_owned());
        Ok(Self {
            listen,
            database: named.unwrap_or_else(|| data_dir.join(DATABASE_FILE)),
            data_dir,
            public_url: url(layer.public_url),
            trusted_proxies,
            line_api_base: url(layer.line_api_base),
            line_access_base: url(layer.line_access_base),
            secret_key: layer.secret_key,
            bootstrap_api_key: layer.bootstrap_api_key,
            bootstrap_admin_password: layer.bootstrap_admin_password,
        })
    }

    /// Settings of a demonstration: everything in one folder, LINE at `line_api_base`, nothing from outside.
    pub(crate) fn throw_away(folder: &Path, listen: SocketAddr, line_api_base: String) -> Self {
        Self {
            listen,
            database: folder.join(DATABASE_FILE),
            data_dir: folder.to_owned(),
            public_url: None,
            trusted_proxies: TrustedProxies::default(),
            line_api_base: Some(line_api_base),
            line_access_base: None,
            secret_key: None,
            bootstrap_api_key: None,
            bootstrap_admin_password: None,
        }
    }

    /// Where uploads wait for their import.
    pub(crate) fn uploads(&self) -> PathBuf {
        self.data_dir.join("uploads")
    }
}

fn sqlite_path(url: &str) -> Result<PathBuf, Failure> {
    if let Some(path) = url.strip_prefix("sqlite://").filter(|path| !path.is_empty()) {
        return Ok(PathBuf::from(path));
    }
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    Err(Failure::Misuse(if matches!(scheme, "postgres" | "postgresql") {
        "database: PostgreSQL is not built in yet; use sqlite://PATH".to_owned()
    } else {
        // The URL itself may hold a password.
        "database: expected sqlite://PATH, such as sqlite://enmusubi-data/enmusubi.db".to_owned()
    }))
}

#[cfg(test)]
mod tests;
