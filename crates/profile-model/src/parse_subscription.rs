//! Bodies of `/subscription/status/set` (`SST-*`) and `/v2/subscription/status/set` (`SV2-*`).

use serde_json::{Map, Value};

use crate::{
    AddressKind, Config, Email, Group, GroupId, GroupState, Key, ObjectFault, Phone, Settings, Target,
    WorkspaceId,
};

/// Most entries of one list (`SST-1`, `SV2-1`).
const MAX_ENTRIES: usize = 50;

/// Why a body is refused (400).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionFault {
    /// A text that the documentation or a recorded answer quotes.
    #[error("{0}")]
    Quoted(&'static str),
    /// A text of ours.
    #[error("{0}")]
    Ours(String),
}

/// A state for one group and some users.
#[derive(Clone, Debug)]
pub struct SetStates {
    /// The group.
    pub group: Group,
    /// New state.
    pub state: GroupState,
    /// Whom it names; only kinds that the group's channel knows (`SST-3`).
    pub who: Vec<Target>,
}

/// `SST-2`.
const BOTH: SubscriptionFault =
    SubscriptionFault::Quoted("Either an email address or a phone number should be provided, but not both.");

/// `CLI-9`.
const UNKNOWN_GROUP: SubscriptionFault = SubscriptionFault::Quoted("Invalid subscription group ID");

/// Reads the body of the first version: one group, identifiers as text or arrays.
///
/// # Errors
/// [`SubscriptionFault`].
pub fn parse_status_set(
    body: &Value,
    config: &Config,
    workspace: WorkspaceId,
) -> Result<SetStates, SubscriptionFault> {
    let body = object(body)?;
    let names = Names { external_ids: "external_id", emails: "email", phones: "phone" };
    read(body, &names, config, workspace)
}

/// Reads the body of the second version: several groups.
///
/// # Errors
/// [`SubscriptionFault`]; nothing of the request may be done.
pub fn parse_status_set_v2(
    body: &Value,
    config: &Config,
    workspace: WorkspaceId,
) -> Result<Vec<SetStates>, SubscriptionFault> {
    let Some(Value::Array(groups)) = object(body)?.get("subscription_groups") else {
        return Err(SubscriptionFault::Ours("'subscription_groups' must be an array of objects".into()));
    };
    if groups.is_empty() || groups.len() > MAX_ENTRIES {
        return Err(SubscriptionFault::Ours("'subscription_groups' must hold 1 to 50 elements".into()));
    }
    let names = Names { external_ids: "external_ids", emails: "emails", phones: "phones" };
    groups.iter().map(|group| read(object(group)?, &names, config, workspace)).collect()
}

struct Names {
    external_ids: &'static str,
    emails: &'static str,
    phones: &'static str,
}

fn object(value: &Value) -> Result<&Map<String, Value>, SubscriptionFault> {
    value.as_object().ok_or_else(|| SubscriptionFault::Ours("the body must be a JSON object".into()))
}

fn read(
    body: &Map<String, Value>,
    names: &Names,
    config: &Config,
    workspace: WorkspaceId,
) -> Result<SetStates, SubscriptionFault> {
    let settings = config.workspaces.get(&workspace).map(|known| known.settings.clone()).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let group = text("subscription_group_id").and_then(GroupId::parse);
    let group = group.and_then(|id| config.group_of(workspace, id)).ok_or(UNKNOWN_GROUP)?.clone();
    let state = text("subscription_state").and_then(GroupState::parse).ok_or_else(|| {
        SubscriptionFault::Ours(ObjectFault::BadSubscriptionGroupState.message().to_owned())
    })?;
    let odd = |flag: &&Value| !flag.is_null() && !flag.is_boolean();
    if body.get("use_double_opt_in_logic").filter(odd).is_some() {
        return Err(SubscriptionFault::Ours("'use_double_opt_in_logic' must be true or false".into()));
    }
    let external_ids = list(body, names.external_ids)?;
    let (emails, phones) = (list(body, names.emails)?, list(body, names.phones)?);
    if !emails.is_empty() && !phones.is_empty() {
        return Err(BOTH);
    }
    // SST-3: an opt-out that the group cannot take must not look like one that was taken.
    let misplaced = match group.channel.address_kind() {
        Some(AddressKind::Email) if !phones.is_empty() => Some(("an email", names.phones, names.emails)),
        Some(AddressKind::Phone) if !emails.is_empty() => Some(("a phone", names.emails, names.phones)),
        _ => None,
    };
    if let Some((kind, sent, fitting)) = misplaced {
        return Err(SubscriptionFault::Ours(format!(
            "'{sent}' cannot be used with {kind} group: it takes '{}' or '{fitting}'",
            names.external_ids
        )));
    }
    let mut who = Vec::new();
    for id in external_ids {
        who.push(crate::parse_track::read_external_id(id).map_err(|fault| ours(fault.message()))?);
    }
    for email in emails {
        let email = email.as_str().and_then(Email::parse);
        who.push(Target::Email(email.ok_or_else(|| ours(ObjectFault::BadEmail.message()))?));
    }
    for phone in phones {
        who.push(Target::Phone(read_phone(&phone, &settings)?));
    }
    if who.is_empty() {
        return Err(SubscriptionFault::Ours(format!(
            "'{}', '{}' or '{}' must name at least one user",
            names.external_ids, names.emails, names.phones
        )));
    }
    Ok(SetStates { group, state, who })
}

fn ours(text: &str) -> SubscriptionFault {
    SubscriptionFault::Ours(text.to_owned())
}

fn read_phone(phone: &Value, settings: &Settings) -> Result<Phone, SubscriptionFault> {
    let read = phone.as_str().map(|text| Phone::parse(text, &settings.phone_region).phone);
    read.filter(|phone| Key::phone(phone).is_some()).ok_or_else(|| ours(ObjectFault::BadPhone.message()))
}

/// Text, an integer, or an array of them.
fn list(body: &Map<String, Value>, name: &str) -> Result<Vec<Value>, SubscriptionFault> {
    let entries = match body.get(name) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(entries)) => entries.clone(),
        Some(Value::String(text)) if text.is_empty() => return Ok(Vec::new()),
        Some(one) => vec![one.clone()],
    };
    if entries.len() > MAX_ENTRIES {
        return Err(SubscriptionFault::Ours(format!("'{name}' must hold at most 50 entries")));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests;
