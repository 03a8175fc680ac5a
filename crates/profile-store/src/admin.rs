//! Workspaces and API keys.

use profile_model::{
    ApiKey, Buckets, ChangeSet, ConfigChange, Decision, KeyId, Keys, Settings, Workspace, WorkspaceId,
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::subscription::group_name;
use crate::{Fault, ProfileStore, Work};

mod address;
mod seen;
mod workspace_settings;

pub use workspace_settings::SettingsFault;

pub(crate) use seen::Seen;

/// Name of the workspace that the first start makes.
pub const DEFAULT_WORKSPACE: &str = "default";

/// Permission that stands for all of them.
pub const ALL_PERMISSIONS: &str = "*";

/// A key as it is shown, once.
#[derive(Debug)]
pub struct NewKey {
    /// What is stored of it.
    pub stored: ApiKey,
    /// The secret; never stored, never logged.
    pub secret: String,
}

/// Why a configuration change was refused.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// A workspace of this name exists.
    #[error("a workspace named '{0}' exists already")]
    WorkspaceExists(String),
    /// No such workspace.
    #[error("there is no workspace named '{0}'; `enmusubi workspace list` shows them")]
    NoWorkspace(String),
    /// No such key.
    #[error("there is no key with id '{0}'; `enmusubi key list` shows them")]
    NoKey(String),
    /// Neither an address nor a CIDR block.
    #[error("'{0}' is neither an IP address such as 192.0.2.7 nor a block such as 10.0.0.0/8")]
    BadAddress(String),
    /// No name for a workspace or key.
    #[error("a name is one line of 1 to 255 characters")]
    BadName,
    /// More buckets than the database can spread a workspace over.
    #[error(
        "{0} buckets need PostgreSQL or Citus: a SQLite file is one shard, so that a workspace in it has one bucket"
    )]
    TooManyBuckets(u8),
    /// The store could not do it.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl ProfileStore {
    /// The key a caller presented, if it is known and not revoked. Compared by SHA-256 in constant time. Its use is
    /// noted, at most once a minute, without waiting for it.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub async fn authenticate(&self, presented: &str) -> Result<Option<ApiKey>, Fault> {
        let config = self.config().await?;
        let hash = Sha256::digest(presented.as_bytes());
        let known = config.keys.values().find(|key| bool::from(key.hash.as_slice().ct_eq(hash.as_slice())));
        let valid = known.filter(|key| key.revoked_at.is_none());
        if let Some(key) = valid {
            self.note_seen(key);
        }
        Ok(valid.cloned())
    }

    /// On an empty database: makes workspace `default` and a key with all permissions, whose secret is `given` or
    /// random. `None` if a workspace exists. Safe when several processes start at once.
    ///
    /// # Errors
    /// As [`crate::Backend::transact`].
    pub async fn bootstrap(&self, given: Option<String>) -> Result<Option<NewKey>, Fault> {
        self.bootstrap_spread(given, Buckets::ONE).await
    }

    /// Whether the backend can spread a workspace over so many buckets.
    ///
    /// # Errors
    /// [`AdminError::TooManyBuckets`].
    pub fn allow_buckets(&self, buckets: Buckets) -> Result<(), AdminError> {
        if buckets > self.backend().most_buckets() {
            return Err(AdminError::TooManyBuckets(buckets.count()));
        }
        Ok(())
    }

    /// The same, the workspace spread over so many buckets, which must be allowed.
    ///
    /// # Errors
    /// As [`crate::Backend::transact`].
    pub async fn bootstrap_spread(
        &self,
        given: Option<String>,
        buckets: Buckets,
    ) -> Result<Option<NewKey>, Fault> {
        let now = self.now();
        let secret = given.unwrap_or_else(random_secret);
        let hash = hash_of(&secret);
        let id = KeyId(self.fresh(now).uuid());
        let workspace = WorkspaceId(1);
        let decide = move |loaded: &profile_model::Loaded| {
            if loaded.config.as_ref().is_some_and(|config| !config.workspaces.is_empty()) {
                return (Decision::Nothing, None);
            }
            let key = ApiKey {
                id,
                workspace,
                name: "first key".to_owned(),
                hash: hash.clone(),
                permissions: vec![ALL_PERMISSIONS.to_owned()],
                allowed_ips: Vec::new(),
                created_at: now,
                last_seen_at: None,
                revoked_at: None,
            };
            let made = Workspace {
                id: workspace,
                name: DEFAULT_WORKSPACE.to_owned(),
                settings: Settings::default(),
                created_at: now,
                has_erasures: false,
                buckets,
            };
            let changes = vec![ConfigChange::PutWorkspace(made), ConfigChange::PutKey(key.clone())];
            (ChangeSet { config: changes, ..ChangeSet::default() }.into(), Some(key))
        };
        let (stored, _) = self.decide(config_work("bootstrap", workspace), decide).await?;
        self.refresh_config().await;
        Ok(stored.map(|stored| NewKey { stored, secret }))
    }

    /// Makes a workspace.
    ///
    /// # Errors
    /// [`AdminError::WorkspaceExists`].
    pub async fn create_workspace(&self, name: &str) -> Result<Workspace, AdminError> {
        self.create_huge_workspace(name, Buckets::ONE).await
    }

    /// Makes a workspace that is spread over so many buckets, for life.
    ///
    /// # Errors
    /// [`AdminError::WorkspaceExists`], [`AdminError::TooManyBuckets`].
    pub async fn create_huge_workspace(&self, name: &str, buckets: Buckets) -> Result<Workspace, AdminError> {
        self.allow_buckets(buckets)?;
        let (now, wanted) = (self.now(), group_name(name).ok_or(AdminError::BadName)?);
        let decide = move |loaded: &profile_model::Loaded| {
            let config = loaded.config.as_deref();
            if config.is_some_and(|config| config.workspace_named(&wanted).is_some()) {
                return (Decision::Nothing, None);
            }
            let last = config.and_then(|config| config.workspaces.keys().next_back()).map_or(0, |id| id.0);
            let made = Workspace {
                id: WorkspaceId(last + 1),
                name: wanted.clone(),
                settings: Settings::default(),
                created_at: now,
                has_erasures: false,
                buckets,
            };
            let change = ConfigChange::PutWorkspace(made.clone());
            (ChangeSet { config: vec![change], ..ChangeSet::default() }.into(), Some(made))
        };
        let (made, _) = self.decide(config_work("create_workspace", WorkspaceId(1)), decide).await?;
        self.refresh_config().await;
        made.ok_or_else(|| AdminError::WorkspaceExists(name.to_owned()))
    }

    /// Replaces the settings of a workspace.
    ///
    /// # Errors
    /// [`AdminError::NoWorkspace`].
    pub async fn set_settings(&self, name: &str, settings: Settings) -> Result<Workspace, AdminError> {
        let mut changed = self.workspace(name).await?;
        changed.settings = settings;
        self.put_config("set_settings", ConfigChange::PutWorkspace(changed.clone())).await?;
        Ok(changed)
    }

    /// The workspace with this name.
    ///
    /// # Errors
    /// [`AdminError::NoWorkspace`].
    pub async fn workspace(&self, name: &str) -> Result<Workspace, AdminError> {
        let config = self.config().await?;
        config.workspace_named(name).cloned().ok_or_else(|| AdminError::NoWorkspace(name.to_owned()))
    }

    /// Makes an API key; no permissions given means all, no addresses (IP addresses or CIDR blocks) means any.
    ///
    /// # Errors
    /// [`AdminError::NoWorkspace`], [`AdminError::BadAddress`].
    pub async fn create_key(
        &self,
        workspace: &str,
        name: &str,
        permissions: Vec<String>,
        allowed_ips: Vec<String>,
    ) -> Result<NewKey, AdminError> {
        let allowed_ips =
            allowed_ips.iter().map(|text| address::parse_allowed(text)).collect::<Result<_, _>>()?;
        let name = group_name(name).ok_or(AdminError::BadName)?;
        let workspace = self.workspace(workspace).await?.id;
        let now = self.now();
        let secret = random_secret();
        let permissions = if permissions.is_empty() { vec![ALL_PERMISSIONS.to_owned()] } else { permissions };
        let stored = ApiKey {
            id: KeyId(self.fresh(now).uuid()),
            workspace,
            name,
            hash: hash_of(&secret),
            permissions,
            allowed_ips,
            created_at: now,
            last_seen_at: None,
            revoked_at: None,
        };
        self.put_config("create_key", ConfigChange::PutKey(stored.clone())).await?;
        Ok(NewKey { stored, secret })
    }

    /// Revokes a key, for good; already revoked is fine.
    ///
    /// # Errors
    /// [`AdminError::NoKey`].
    pub async fn revoke_key(&self, id: &str) -> Result<ApiKey, AdminError> {
        let config = self.config().await?;
        let known = KeyId::parse(id).and_then(|id| config.keys.get(&id));
        let mut key = known.cloned().ok_or_else(|| AdminError::NoKey(id.to_owned()))?;
        key.revoked_at.get_or_insert(self.now());
        self.put_config("revoke_key", ConfigChange::PutKey(key.clone())).await?;
        Ok(key)
    }

    async fn put_config(&self, name: &'static str, change: ConfigChange) -> Result<(), Fault> {
        let decide = move |_: &profile_model::Loaded| {
            (ChangeSet { config: vec![change.clone()], ..ChangeSet::default() }.into(), ())
        };
        self.decide(config_work(name, WorkspaceId(1)), decide).await?;
        self.refresh_config().await;
        Ok(())
    }
}

fn config_work(name: &'static str, workspace: WorkspaceId) -> Work {
    Work::new(name, workspace, Keys { config: true, ..Keys::default() }).repeatable()
}

fn hash_of(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// 256 random bits, as a key that is easy to recognise.
fn random_secret() -> String {
    use std::fmt::Write as _;
    let mut text = String::from("ek-");
    for byte in rand::random::<[u8; 32]>() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
