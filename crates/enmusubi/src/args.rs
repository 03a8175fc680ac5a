//! The command line as typed; the doc comments are its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

mod duplicates;
mod line;

pub(crate) use duplicates::{DuplicatesCommand, Review};
pub(crate) use line::{ChangeArguments, ConnectArguments, LineCommand, Secrets};

/// A self-hosted customer profile store that speaks Braze's user-data API and resolves LINE identities.
#[derive(Debug, Parser)]
#[command(name = "enmusubi", version)]
pub(crate) struct Arguments {
    /// What every command takes.
    #[command(flatten)]
    pub(crate) shared: Shared,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Shared {
    /// Database, `sqlite://PATH` or `postgres://USER@HOST/DATABASE` [environment: ENMUSUBI_DATABASE; default:
    /// sqlite://enmusubi-data/enmusubi.db]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Folder for uploads and the secret key [environment: ENMUSUBI_DATA_DIR; default: where the database is]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Settings file [default: enmusubi.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON for machines
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the HTTP API; the first start makes workspace `default` and prints its key once
    Serve(ServeArguments),
    /// Watch the whole story on throw-away data with a stand-in for LINE, then try it yourself until Ctrl-C
    Demo(DemoArguments),
    /// Import a CSV file
    #[command(subcommand)]
    Import(ImportCommand),
    /// Connect LINE channels, sync followers, or run a stand-in for LINE
    #[command(subcommand)]
    Line(LineCommand),
    /// List and merge profiles that share a value, and review what a rule may not merge by itself
    #[command(subcommand)]
    Duplicates(DuplicatesCommand),
    /// Look at profiles
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Make, list and set up workspaces
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Make, list and revoke API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Make, list, rename and archive subscription groups
    #[command(subcommand)]
    Group(GroupCommand),
    /// Bring the database schema up to date
    Migrate {
        /// Spread the tables over the nodes of a Citus cluster, too; what is distributed already stays as it is
        #[arg(long)]
        distribute: bool,
    },
    /// Copy the database to a new file while `serve` runs
    Backup {
        /// The new file
        #[arg(value_name = "OUT")]
        out: PathBuf,
    },
    /// Put a backup in place of the database; who was erased since stays erased; `serve` must not run
    Restore(RestoreArguments),
    /// Copy everything to an empty database of either engine, and compare the two; no `serve` may run on either
    Copy(CopyArguments),
    /// Examine the database; exits 1 if something is wrong
    Doctor {
        /// Write the file anew, so that nothing of what was deleted or erased is left in it; `serve` must not run
        #[arg(long)]
        compact: bool,
    },
}

/// Which backup, and how.
#[derive(Debug, Clone, Args)]
pub(crate) struct RestoreArguments {
    /// The backup
    #[arg(value_name = "IN")]
    pub(crate) backup: PathBuf,
    /// Replace the database that is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Replace it even if it cannot be read: who was erased since the backup was made comes back
    #[arg(long, requires = "force")]
    pub(crate) without_ledger: bool,
}

/// From where to where.
#[derive(Debug, Clone, Args)]
pub(crate) struct CopyArguments {
    /// The database to copy, `sqlite://PATH` or `postgres://USER@HOST/DATABASE`
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,
    /// An empty database, or the one that a broken copy of the same source left: that copy goes on
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,
}

/// How to serve.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ServeArguments {
    /// Address and port; port 0 takes a free one [environment: ENMUSUBI_LISTEN; default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// Base of webhook URLs [environment: ENMUSUBI_PUBLIC_URL; default: http://LISTEN]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Proxies whose X-Forwarded-For is believed, addresses or blocks with commas between [environment:
    /// ENMUSUBI_TRUSTED_PROXIES; default: none]
    #[arg(long, value_name = "CIDR,..")]
    pub(crate) trusted_proxies: Option<String>,
}

/// How to show the story.
#[derive(Debug, Clone, Args)]
pub(crate) struct DemoArguments {
    /// End after the story: 0 if all cases hold, else 1
    #[arg(long)]
    pub(crate) exit: bool,
}

/// What to import.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Attributes of users; exits 0 complete, 1 failed, 2 misuse, 3 partial
    Users(ImportUsersArguments),
}

/// Which file, and how.
#[derive(Debug, Args)]
pub(crate) struct ImportUsersArguments {
    /// CSV file, `-` for standard input
    pub(crate) file: PathBuf,
    /// Workspace to import into
    #[arg(long, default_value = "default", value_name = "NAME")]
    pub(crate) workspace: String,
    /// Check every row, write no profile
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write what was left out or changed, line by line, to this CSV file
    #[arg(long, value_name = "OUT.csv")]
    pub(crate) report: Option<PathBuf>,
}

/// What to do with profiles.
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Show who an identifier leads to; exits 1 if nobody
    Get(ProfileGetArguments),
}

/// Whom to show.
#[derive(Debug, Args)]
pub(crate) struct ProfileGetArguments {
    /// The identifier.
    #[command(flatten)]
    pub(crate) who: Who,
    /// Workspace to look in
    #[arg(long, default_value = "default", value_name = "NAME")]
    pub(crate) workspace: String,
}

/// Exactly one identifier.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Who {
    /// LINE user ID
    #[arg(long, value_name = "U..")]
    pub(crate) line_id: Option<String>,
    /// External id
    #[arg(long, value_name = "ID")]
    pub(crate) external_id: Option<String>,
    /// Alias, label and name with a colon between
    #[arg(long, value_name = "LABEL:NAME")]
    pub(crate) alias: Option<String>,
    /// Email address
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// Phone number
    #[arg(long)]
    pub(crate) phone: Option<String>,
    /// The profile's own id
    #[arg(long, value_name = "UUID")]
    pub(crate) braze_id: Option<String>,
}

/// What to do with workspaces.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkspaceCommand {
    /// Make a workspace
    Create {
        /// Its name
        name: String,
        /// Buckets it is spread over, for life: 1 to 32; more than one is for huge workspaces on PostgreSQL or Citus
        #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32))]
        buckets: u8,
    },
    /// List the workspaces and their settings
    List,
    /// Change settings, e.g. `set default phone_region=JP time_zone=Asia/Tokyo`
    Set {
        /// The workspace
        name: String,
        /// Settings to change
        #[arg(required = true, value_name = "KEY=VALUE")]
        settings: Vec<String>,
    },
}

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key and print it; it cannot be shown again
    Create {
        /// Display name
        #[arg(long)]
        name: String,
        /// Workspace it is for
        #[arg(long, default_value = "default", value_name = "NAME")]
        workspace: String,
        /// A permission, e.g. users.track; several with commas, or repeated [default: all]
        #[arg(long = "permission", value_name = "PERMISSION", value_delimiter = ',')]
        permissions: Vec<String>,
        /// Address or block of addresses it may be used from; may be repeated [default: any]
        #[arg(long = "allow-ip", value_name = "CIDR")]
        allowed_ips: Vec<String>,
    },
    /// List the keys (never the secrets)
    List,
    /// Revoke a key for good
    Revoke {
        /// Its id, as `list` shows it
        key_id: String,
    },
}

/// What to do with subscription groups.
#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// Make a group and print its id
    Create {
        /// Its name, unique in the workspace
        #[arg(long)]
        name: String,
        /// What it sends on; groups of LINE come with their channel
        #[arg(long)]
        channel: Sends,
        /// Its workspace
        #[arg(long, default_value = "default", value_name = "NAME")]
        workspace: String,
    },
    /// List the groups of a workspace
    List {
        /// The workspace
        #[arg(long, default_value = "default", value_name = "NAME")]
        workspace: String,
    },
    /// Give a group another name
    Rename {
        /// Its id, as `list` shows it
        group_id: String,
        /// The new name
        name: String,
        /// Its workspace
        #[arg(long, default_value = "default", value_name = "NAME")]
        workspace: String,
    },
    /// Archive a group; its states stay
    Archive {
        /// Its id, as `list` shows it
        group_id: String,
        /// Bring it back instead
        #[arg(long)]
        restore: bool,
        /// Its workspace
        #[arg(long, default_value = "default", value_name = "NAME")]
        workspace: String,
    },
}

/// What a group of our own making sends on.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Sends {
    /// Email
    Email,
    /// SMS
    Sms,
    /// WhatsApp
    Whatsapp,
}

impl Sends {
    /// As the model has it.
    pub(crate) const fn channel(self) -> profile_model::GroupChannel {
        match self {
            Self::Email => profile_model::GroupChannel::Email,
            Self::Sms => profile_model::GroupChannel::Sms,
            Self::Whatsapp => profile_model::GroupChannel::Whatsapp,
        }
    }
}

#[cfg(test)]
mod tests;
