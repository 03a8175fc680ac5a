//! `PATCH /line/channels/{channel_id}`: another name, secret, token or provider.

use line_platform::messaging::LineFault;
use profile_model::{
    ChangeSet, Channel, ChannelId, Config, ConfigChange, Decision, Keys, Loaded, WorkspaceId,
};
use profile_store::{Fault, Work};

use super::{ChannelView, MAX_NAME, group_name, is_name, is_plain, is_token};
use crate::{LineService, Sealer};

/// What to change; absent parts stay.
#[derive(Clone, Default)]
pub struct ChannelChange {
    /// Display name.
    pub name: Option<String>,
    /// LINE's provider id, while no other channel of the workspace rests on it.
    pub provider_id: Option<String>,
    /// The channel's new secret. Webhooks signed with the one before it are taken, too, so that none is lost.
    pub channel_secret: Option<String>,
    /// Ends that: only the current secret is taken.
    pub revoke_old_secret: bool,
    /// A new channel access token of the same account.
    pub channel_access_token: Option<String>,
}

impl std::fmt::Debug for ChannelChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChannelChange")
    }
}

/// Why a channel was not changed; nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum ChangeFault {
    /// 404
    #[error("no such LINE channel in this workspace")]
    UnknownChannel,
    /// No field to change.
    #[error(
        "nothing to change: give 'name', 'provider_id', 'channel_secret', 'revoke_old_secret' or \
         'channel_access_token'"
    )]
    Nothing,
    /// A field is malformed.
    #[error("'{0}' must be a non-empty text of at most 255 characters without blanks")]
    Field(&'static str),
    /// The display name is empty, too long, or more than a line.
    #[error("'name' must be one line of 1 to {MAX_NAME} characters")]
    Name,
    /// `line_provider_mismatch`
    #[error("this workspace has other channels: user ids of two providers cannot be joined")]
    ProviderMismatch,
    /// `line_bot_mismatch`
    #[error("this channel access token belongs to another LINE Official Account")]
    OtherBot,
    /// `line_credentials_rejected`
    #[error("LINE does not accept this channel access token")]
    Rejected,
    /// LINE cannot be reached or failed (502).
    #[error("LINE could not be asked: {0}")]
    Line(LineFault),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] Fault),
}

impl LineService {
    /// Changes a connected channel; a new token is proved with `bot/info` first. The channel as it is then.
    ///
    /// # Errors
    /// See [`ChangeFault`].
    pub async fn change_channel(
        &self,
        workspace: WorkspaceId,
        channel: &str,
        change: ChannelChange,
    ) -> Result<ChannelView, ChangeFault> {
        check(&change)?;
        self.store().told_before(workspace).await?;
        let id = ChannelId(channel.to_owned());
        let config = self.store().config().await?;
        let known = config.channels.get(&id).filter(|known| known.workspace == workspace);
        let bot = &known.ok_or(ChangeFault::UnknownChannel)?.bot_user_id;
        if let Some(token) = &change.channel_access_token {
            self.prove(token, bot).await?;
        }
        let change = Sealed::new(change, self.sealer());
        let service = self.clone();
        let decide = move |loaded: &Loaded| {
            let found = loaded.config.as_deref().and_then(|config| {
                let known = config.channels.get(&id).filter(|known| known.workspace == workspace)?;
                Some((config, known))
            });
            let Some((config, known)) = found else {
                return (Decision::Nothing, Err(ChangeFault::UnknownChannel));
            };
            match decide_change(known, &change, config) {
                Ok((changes, channel)) => (changes.into(), Ok(service.view(&channel))),
                Err(refused) => (Decision::Nothing, Err(refused.into())),
            }
        };
        let keys = Keys { config: true, ..Keys::default() };
        let work = Work::new("change_channel", workspace, keys).repeatable();
        let (changed, _) = self.store().decide_once(work, decide).await?;
        self.store().refresh_config().await;
        changed
    }

    /// Whether LINE takes the token, for this bot.
    async fn prove(&self, token: &str, bot: &str) -> Result<(), ChangeFault> {
        let info = self.client().bot_info(token).await.map_err(|fault| match fault {
            LineFault::Unauthorized { .. } => ChangeFault::Rejected,
            other => ChangeFault::Line(other),
        })?;
        if info.user_id == bot { Ok(()) } else { Err(ChangeFault::OtherBot) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    ProviderMismatch,
}

impl From<Refused> for ChangeFault {
    fn from(Refused::ProviderMismatch: Refused) -> Self {
        Self::ProviderMismatch
    }
}

/// A change as it will be stored, sealed once however often the decision runs.
struct Sealed {
    change: ChannelChange,
    secret: Option<String>,
    token: Option<String>,
    sealer: Sealer,
}

impl Sealed {
    fn new(change: ChannelChange, sealer: &Sealer) -> Self {
        let seal = |text: &Option<String>| text.as_ref().map(|text| sealer.seal(text));
        let (secret, token) = (seal(&change.channel_secret), seal(&change.channel_access_token));
        Self { change, secret, token, sealer: sealer.clone() }
    }

    /// The secrets from now on: the new one first, then the one before. A secret that is the current one already
    /// changes nothing, so that the same call may be sent again.
    fn rotate(&self, secrets: &[String]) -> Vec<String> {
        let current = secrets.first().and_then(|sealed| self.sealer.open(sealed));
        let mut rotated: Vec<_> = match &self.secret {
            Some(new) if current != self.change.channel_secret => {
                std::iter::once(new).chain(secrets.first()).cloned().collect()
            }
            _ => secrets.to_vec(),
        };
        if self.change.revoke_old_secret {
            rotated.truncate(1);
        }
        rotated
    }
}

fn decide_change(known: &Channel, sealed: &Sealed, config: &Config) -> Result<(ChangeSet, Channel), Refused> {
    let (mut channel, change) = (known.clone(), &sealed.change);
    if let Some(provider) = &change.provider_id {
        let rests = |other: &Channel| other.id != known.id && other.provider != *provider;
        if config.channels_of(known.workspace).any(rests) {
            return Err(Refused::ProviderMismatch);
        }
        channel.provider.clone_from(provider);
    }
    channel.sealed_secrets = sealed.rotate(&known.sealed_secrets);
    if let Some(token) = &sealed.token {
        channel.sealed_token.clone_from(token);
    }
    let mut changes = Vec::new();
    if let Some(name) = &change.name {
        channel.name.clone_from(name);
        changes.extend(config.groups.get(&channel.group).map(|group| {
            let mut renamed = group.clone();
            renamed.name = group_name(&channel, config);
            ConfigChange::PutGroup(renamed)
        }));
    }
    changes.push(ConfigChange::PutChannel(channel.clone()));
    Ok((ChangeSet { config: changes, ..ChangeSet::default() }, channel))
}

fn check(change: &ChannelChange) -> Result<(), ChangeFault> {
    let ChannelChange { name, provider_id, channel_secret, revoke_old_secret, channel_access_token } = change;
    let fields = [name, provider_id, channel_secret, channel_access_token];
    if fields.iter().all(|field| field.is_none()) && !revoke_old_secret {
        return Err(ChangeFault::Nothing);
    }
    if name.as_deref().is_some_and(|name| name.trim().is_empty() || !is_name(name)) {
        return Err(ChangeFault::Name);
    }
    for (name, value) in [("provider_id", provider_id), ("channel_secret", channel_secret)] {
        if value.as_deref().is_some_and(|value| !is_plain(value)) {
            return Err(ChangeFault::Field(name));
        }
    }
    if channel_access_token.as_deref().is_some_and(|token| !is_token(token)) {
        return Err(ChangeFault::Field("channel_access_token"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotate(sealer: &Sealer, secrets: &[String], change: ChannelChange) -> Vec<String> {
        Sealed::new(change, sealer).rotate(secrets)
    }

    /// Line.md A1: LINE signs with the new secret at once; what it signed before may still be under way.
    #[test]
    fn the_secret_before_the_new_one_is_taken_until_it_is_revoked() {
        let sealer = Sealer::new("k");
        let open = |secrets: &[String]| -> Vec<_> {
            secrets.iter().map(|sealed| sealer.open(sealed).unwrap()).collect()
        };
        let to = |secret: &str| ChannelChange { channel_secret: Some(secret.into()), ..Default::default() };
        let mut secrets = vec![sealer.seal("a")];
        for (change, expected) in [
            (to("b"), &["b", "a"][..]),
            (to("b"), &["b", "a"]),
            (to("c"), &["c", "b"]),
            (ChannelChange::default(), &["c", "b"]),
            (ChannelChange { revoke_old_secret: true, ..Default::default() }, &["c"]),
            (ChannelChange { revoke_old_secret: true, ..to("d") }, &["d"]),
        ] {
            secrets = rotate(&sealer, &secrets, change);
            assert_eq!(open(&secrets), expected);
        }
    }
}
