//! Events and purchases (section 4).

use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::Context;
use crate::{
    Body, Event, ObjectFault, PropertyOwner, Purchase, Timestamp, canonical, is_integer, parse_time,
    read_properties, value_text,
};

/// Longest event name and `product_id`, in characters (`OPEN-23`, `PUR-1`).
const MAX_NAME: usize = 255;

/// Most purchases in one object (`PUR-3`).
const MAX_QUANTITY: u64 = 100;

pub(super) fn read_event(mut object: Map<String, Value>, context: &Context<'_>) -> Result<Body, ObjectFault> {
    let name = read_name(object.remove("name"), false).ok_or(ObjectFault::BadEventName)?;
    Ok(Body::Event(Event {
        name,
        at: read_time(&object, context)?,
        app_id: read_app_id(&object)?,
        properties: read_own_properties(&object, PropertyOwner::Event)?,
    }))
}

pub(super) fn read_purchase(
    mut object: Map<String, Value>,
    context: &Context<'_>,
) -> Result<Body, ObjectFault> {
    let product = read_name(object.remove("product_id"), true).ok_or(ObjectFault::BadProductId)?;
    let currency = object.get("currency").and_then(Value::as_str).map(str::trim);
    let currency = currency
        .filter(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .ok_or(ObjectFault::BadCurrency)?;
    let price = match object.get("price") {
        Some(Value::Number(price)) => canonical(price).ok_or(ObjectFault::BadPrice)?,
        _ => return Err(ObjectFault::BadPrice),
    };
    let quantity = match object.get("quantity") {
        None | Some(Value::Null) => 1,
        Some(Value::Number(quantity)) => read_quantity(quantity).ok_or(ObjectFault::BadQuantity)?,
        Some(_) => return Err(ObjectFault::BadQuantity),
    };
    Ok(Body::Purchase(Purchase {
        product,
        currency: currency.to_ascii_uppercase().into(),
        price,
        quantity,
        at: read_time(&object, context)?,
        app_id: read_app_id(&object)?,
        properties: read_own_properties(&object, PropertyOwner::Purchase)?,
    }))
}

/// A whole number, however it is written: clients with columns of floats send `2.0`.
fn read_quantity(number: &Number) -> Option<u32> {
    let canonical = canonical(number)?;
    let quantity: u64 = value_text(&canonical).parse().ok()?;
    (1..=MAX_QUANTITY).contains(&quantity).then_some(u32::try_from(quantity).ok()?)
}

fn read_name(value: Option<Value>, integers: bool) -> Option<Arc<str>> {
    let text = match value? {
        Value::String(text) => text,
        Value::Number(number) if integers && is_integer(&number) => number.to_string(),
        _ => return None,
    };
    let acceptable = !text.is_empty() && text.chars().count() <= MAX_NAME && !text.contains('\0');
    acceptable.then(|| text.into())
}

fn read_time(object: &Map<String, Value>, context: &Context<'_>) -> Result<Timestamp, ObjectFault> {
    let text = object.get("time").and_then(Value::as_str);
    text.and_then(|text| parse_time(text, &context.settings.time_zone)).ok_or(ObjectFault::BadTime)
}

fn read_app_id(object: &Map<String, Value>) -> Result<Option<Arc<str>>, ObjectFault> {
    match object.get("app_id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.contains('\0') => Ok(Some(text.as_str().into())),
        Some(_) => Err(ObjectFault::BadAppId),
    }
}

fn read_own_properties(
    object: &Map<String, Value>,
    owner: PropertyOwner,
) -> Result<Option<Box<serde_json::value::RawValue>>, ObjectFault> {
    object.get("properties").map_or(Ok(None), |properties| read_properties(properties, owner))
}
