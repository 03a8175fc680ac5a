//! `line` as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with LINE.
#[derive(Debug, Subcommand)]
pub(crate) enum LineCommand {
    /// Connect a Messaging API channel and start its follower sync
    Connect(ConnectArguments),
    /// List the connected channels
    Channels {
        /// Workspace to look at
        #[arg(long, default_value = "default", value_name = "NAME")]
        workspace: String,
    },
    /// Change a channel's name, secret or token
    Change(ChangeArguments),
    /// Disconnect a channel; profiles and friendships stay
    Disconnect {
        /// LINE's channel id
        channel: String,
    },
    /// Start a follower sync; a running `serve` does it, or `--wait` here
    Sync {
        /// LINE's channel id
        channel: String,
        /// Work on it here and end when it has ended
        #[arg(long)]
        wait: bool,
    },
    /// Run a stand-in for LINE until Ctrl-C
    Simulate {
        /// Address and port; its control verbs are not authenticated: keep it on loopback
        #[arg(long, default_value = "127.0.0.1:9090", value_name = "ADDRESS")]
        listen: std::net::SocketAddr,
    },
}

/// The four values of LINE's console.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConnectArguments {
    /// The provider the channel belongs to
    #[arg(long)]
    pub(crate) provider_id: String,
    /// The channel
    #[arg(long)]
    pub(crate) channel_id: String,
    /// Secret and token.
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    /// Display name [default: the account's own]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Workspace to connect it to
    #[arg(long, default_value = "default", value_name = "NAME")]
    pub(crate) workspace: String,
}

/// What to change about a channel.
#[derive(Debug, Clone, Args)]
pub(crate) struct ChangeArguments {
    /// LINE's channel id
    pub(crate) channel: String,
    /// Display name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The provider, if the channel is the workspace's only one
    #[arg(long)]
    pub(crate) provider_id: Option<String>,
    /// New secret and token; the old secret is taken until it is revoked.
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    /// Take only the newest secret from now on
    #[arg(long)]
    pub(crate) revoke_old_secret: bool,
}

/// The channel's two secrets. Other users of the machine can read flags in the list of processes: scripts had better
/// give a file, standard input or the environment.
#[derive(Clone, Default, Args)]
pub(crate) struct Secrets {
    /// Signs the webhooks [environment of `connect`: ENMUSUBI_LINE_CHANNEL_SECRET]
    #[arg(long, value_name = "SECRET", conflicts_with = "channel_secret_file")]
    pub(crate) channel_secret: Option<String>,
    /// File that holds it, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) channel_secret_file: Option<PathBuf>,
    /// A long-lived token [environment of `connect`: ENMUSUBI_LINE_CHANNEL_ACCESS_TOKEN]
    #[arg(long, value_name = "TOKEN", conflicts_with = "channel_access_token_file")]
    pub(crate) channel_access_token: Option<String>,
    /// File that holds it, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) channel_access_token_file: Option<PathBuf>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}
