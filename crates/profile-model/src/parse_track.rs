//! The body of `/users/track`: from JSON to commands, in one walk. Malformed objects become errors with their index,
//! good ones go on (`TRK-8`).

use serde_json::{Map, Value};

use crate::{BatchLimit, Config, InputArray, Item, ObjectFault, Settings, WorkspaceId};

mod attributes;
mod identity;
mod occurrence;

pub(crate) use attributes::read_group;
pub(crate) use identity::{check_alias, read_alias, read_external_id};

/// Objects per request, in total or per array (`TRK-2`, `OPEN-4`).
pub const MAX_TRACK_OBJECTS: usize = 75;

/// Objects of a bulk request, over its arrays (`BLK-1`).
pub const MAX_BULK_OBJECTS: usize = 10_000;

/// Objects of a bulk request for one user (`BLK-1`).
pub const MAX_BULK_OBJECTS_PER_USER: usize = 100;

/// A problem with one object (`TRK-9`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemError {
    /// Which array.
    pub array: InputArray,
    /// Zero-based index there.
    pub index: u32,
    /// The wire text; names the field, never its value.
    pub message: String,
    /// Whether the whole object was left out; else one value was.
    pub rejected: bool,
}

/// A request, read.
#[derive(Clone, Debug, Default)]
pub struct TrackBatch {
    /// Acceptable objects: attributes, events, purchases, each in order (`TRK-4`).
    pub items: Vec<Item>,
    /// Problems, in the same order.
    pub errors: Vec<ItemError>,
    /// Length of each array; `None`: not sent (`TRK-7`).
    pub sent: [Option<u32>; 3],
}

/// Why a body as a whole is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrackFault {
    /// Not a JSON object.
    #[error("the body must be a JSON object with 'attributes', 'events' or 'purchases'")]
    NotAnObject,
    /// An array field holds something else.
    #[error("'{0}' must be an array of objects")]
    NotAnArray(&'static str),
    /// A synchronous request holds none or several objects (`SYN-1`).
    #[error("the request must hold exactly one object in 'attributes', 'events' or 'purchases'")]
    NotOne,
    /// A bulk request has more than 100 objects for one user (`BLK-1`).
    #[error("the request holds more than 100 objects for one user")]
    TooManyForOne,
    /// Over the limit; nothing is processed (`TRK-2`).
    #[error("Max Input Length Exceeded")]
    TooMany,
}

/// What reading needs to know of the workspace.
pub(crate) struct Context<'a> {
    pub(crate) config: &'a Config,
    pub(crate) workspace: WorkspaceId,
    pub(crate) settings: Settings,
}

/// Which of the track calls a body was sent to: they differ in how much it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackCall {
    /// `/users/track` (`TRK-2`).
    Track,
    /// `/users/track/sync`: one object (`SYN-1`).
    Sync,
    /// `/users/track/bulk` (`BLK-1`).
    Bulk,
}

/// Reads a body of `/users/track` by the limit of the workspace. Unknown keys are tolerated (`CLI-5`).
///
/// # Errors
/// [`TrackFault`]: nothing of the request may be processed.
pub fn parse_track(body: Value, config: &Config, workspace: WorkspaceId) -> Result<TrackBatch, TrackFault> {
    parse_track_call(body, config, workspace, TrackCall::Track)
}

/// Reads a body of one of the track calls.
///
/// # Errors
/// [`TrackFault`]: nothing of the request may be processed.
pub fn parse_track_call(
    body: Value,
    config: &Config,
    workspace: WorkspaceId,
    call: TrackCall,
) -> Result<TrackBatch, TrackFault> {
    let settings = config.workspaces.get(&workspace).map(|known| known.settings.clone()).unwrap_or_default();
    let Value::Object(mut body) = body else { return Err(TrackFault::NotAnObject) };
    let arrays = [
        (InputArray::Attributes, take_array(&mut body, "attributes")?),
        (InputArray::Events, take_array(&mut body, "events")?),
        (InputArray::Purchases, take_array(&mut body, "purchases")?),
    ];
    let lengths = arrays.each_ref().map(|(_, array)| array.as_ref().map_or(0, Vec::len));
    let total: usize = lengths.iter().sum();
    match (call, settings.batch_limit) {
        (TrackCall::Sync, _) if total != 1 => return Err(TrackFault::NotOne),
        (TrackCall::Bulk, _) if total > MAX_BULK_OBJECTS => return Err(TrackFault::TooMany),
        (TrackCall::Track, BatchLimit::Total) if total > MAX_TRACK_OBJECTS => {
            return Err(TrackFault::TooMany);
        }
        (TrackCall::Track, BatchLimit::PerArray)
            if lengths.into_iter().any(|length| length > MAX_TRACK_OBJECTS) =>
        {
            return Err(TrackFault::TooMany);
        }
        _ => {}
    }
    let context = Context { config, workspace, settings };
    let mut batch = TrackBatch { items: Vec::with_capacity(lengths.iter().sum()), ..TrackBatch::default() };
    for (place, (array, objects)) in arrays.into_iter().enumerate() {
        batch.sent[place] = objects.as_ref().map(|objects| u32::try_from(objects.len()).unwrap_or(u32::MAX));
        for (index, object) in (0u32..).zip(objects.into_iter().flatten()) {
            let mut warnings = Vec::new();
            let read = read_object(object, array, index, &context, &mut warnings);
            let error = |fault: ObjectFault, rejected| ItemError {
                array,
                index,
                message: fault.message().to_owned(),
                rejected,
            };
            match read {
                Ok(item) => {
                    batch.items.push(item);
                    batch.errors.extend(warnings.into_iter().map(|fault| error(fault, false)));
                }
                Err(fault) => batch.errors.push(error(fault, true)),
            }
        }
    }
    if call == TrackCall::Bulk {
        let mut per_user = std::collections::HashMap::<String, usize>::new();
        for item in &batch.items {
            let count = per_user.entry(item.target.name()).or_default();
            *count += 1;
            if *count > MAX_BULK_OBJECTS_PER_USER {
                return Err(TrackFault::TooManyForOne);
            }
        }
    }
    Ok(batch)
}

fn take_array(body: &mut Map<String, Value>, name: &'static str) -> Result<Option<Vec<Value>>, TrackFault> {
    match body.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(objects)) => Ok(Some(objects)),
        Some(_) => Err(TrackFault::NotAnArray(name)),
    }
}

fn read_object(
    object: Value,
    array: InputArray,
    index: u32,
    context: &Context<'_>,
    warnings: &mut Vec<ObjectFault>,
) -> Result<Item, ObjectFault> {
    let Value::Object(mut object) = object else { return Err(ObjectFault::NotAnObject) };
    let update_only = take_flag(&mut object, "_update_existing_only")?;
    let identity = identity::take(&mut object, array, context, warnings)?;
    let body = match array {
        InputArray::Attributes => attributes::read(object, &identity, context, warnings)?,
        InputArray::Events => occurrence::read_event(object, context)?,
        InputArray::Purchases => occurrence::read_purchase(object, context)?,
    };
    Ok(Item { array, index, target: identity.target, update_only, body })
}

/// A boolean flag; other types are an error that names it.
fn take_flag(object: &mut Map<String, Value>, name: &str) -> Result<Option<bool>, ObjectFault> {
    match object.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(flag)),
        Some(_) if name == "_merge_objects" => Err(ObjectFault::BadMergeObjects),
        Some(_) => Err(ObjectFault::BadUpdateExistingOnly),
    }
}

#[cfg(test)]
mod tests;
