//! The rest of an attributes object: states, LINE id, standard fields, custom attributes.

use serde_json::{Map, Value};

use super::{Context, identity::Identity, take_flag};
use crate::{
    Attributes, Body, Change, FieldName, FieldReading, GlobalState, GroupChange, GroupChannel, GroupId,
    GroupState, LineUserId, ObjectFault, canonicalize, is_reserved, read_field,
};

pub(super) fn read(
    mut object: Map<String, Value>,
    identity: &Identity,
    context: &Context<'_>,
    warnings: &mut Vec<ObjectFault>,
) -> Result<Body, ObjectFault> {
    if object.contains_key("email_subscription_info") {
        return Err(ObjectFault::EmailSubscriptionInfo);
    }
    let mut attributes = Attributes {
        merge_objects: take_flag(&mut object, "_merge_objects")?.unwrap_or(false),
        email: identity.email.clone(),
        phone: identity.phone.clone(),
        email_subscribe: take_state(&mut object, "email_subscribe", ObjectFault::BadEmailSubscribe)?,
        push_subscribe: take_state(&mut object, "push_subscribe", ObjectFault::BadPushSubscribe)?,
        ..Attributes::default()
    };
    if let Some(groups) = object.remove("subscription_groups") {
        attributes.groups = read_groups(&groups, context)?;
    }
    match object.remove("native_line_id").map(|value| read_line_id(&value, context)) {
        Some(Ok(change)) => attributes.line_id = Some(change),
        Some(Err(fault)) => warnings.push(fault),
        None => {}
    }
    for (name, value) in object {
        if let Some(field) = FieldName::parse(&name) {
            match read_field(field, &value, &context.settings) {
                FieldReading::Set(value) => attributes.fields.push((field, Change::Set(value))),
                FieldReading::Clear => attributes.fields.push((field, Change::Clear)),
                FieldReading::Ignored(_) => {}
                FieldReading::Refused(fault) => return Err(fault),
            }
        } else if !is_reserved(&name)
            && !name.contains('\0')
            && let Ok(value) = canonicalize(value)
        {
            // TRK-17: what cannot be stored is left out without an error.
            attributes.custom.push((name, value));
        }
    }
    Ok(Body::Attributes(Box::new(attributes)))
}

fn take_state(
    object: &mut Map<String, Value>,
    name: &str,
    fault: ObjectFault,
) -> Result<Option<GlobalState>, ObjectFault> {
    match object.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_str().and_then(GlobalState::parse).map(Some).ok_or(fault),
    }
}

fn read_line_id(value: &Value, context: &Context<'_>) -> Result<Change<LineUserId>, ObjectFault> {
    match value {
        Value::Null => Ok(Change::Clear),
        Value::String(text) => LineUserId::parse(text, context.settings.line_id_check)
            .map(Change::Set)
            .ok_or(ObjectFault::BadLineId),
        _ => Err(ObjectFault::BadLineId),
    }
}

/// States by group. LINE groups are left out: LINE alone writes them (`LSB-1`, `LSB-2`).
fn read_groups(value: &Value, context: &Context<'_>) -> Result<Vec<GroupChange>, ObjectFault> {
    let Value::Array(elements) = value else {
        return if value.is_null() { Ok(Vec::new()) } else { Err(ObjectFault::BadSubscriptionGroups) };
    };
    let mut changes = Vec::with_capacity(elements.len());
    for element in elements {
        let (Some(id), Some(state)) =
            (element.get("subscription_group_id"), element.get("subscription_state"))
        else {
            return Err(ObjectFault::BadSubscriptionGroup);
        };
        let change = read_group(id.as_str(), state.as_str(), context)?;
        changes.extend(change);
    }
    Ok(changes)
}

/// One group and state; `None` for a LINE group.
pub(crate) fn read_group(
    id: Option<&str>,
    state: Option<&str>,
    context: &Context<'_>,
) -> Result<Option<GroupChange>, ObjectFault> {
    let group = id.and_then(GroupId::parse).and_then(|id| context.config.group_of(context.workspace, id));
    let group = group.ok_or(ObjectFault::BadSubscriptionGroupId)?;
    let state = state.and_then(GroupState::parse).ok_or(ObjectFault::BadSubscriptionGroupState)?;
    let is_line = group.channel == GroupChannel::Line;
    Ok((!is_line).then_some(GroupChange { group: group.id, channel: group.channel, state }))
}
