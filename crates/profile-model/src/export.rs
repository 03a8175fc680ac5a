//! The export object of a profile (section 9), and the LINE states read through its `native_line_id`.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::fields::tokens;
use crate::{
    Blocklist, Channel, ChannelId, FieldName, Friendship, GlobalState, GroupId, GroupState, LineUserId,
    Occurrence, Profile, Summary, SummaryKey, Timestamp, add,
};

/// "Last 90 days" of `custom_events` and `purchases` (`EXP-8`), in microseconds.
const RECENT_MICROS: i64 = 90 * 24 * 3600 * 1_000_000;

/// State of a LINE id on one channel, as read (`LSB-3`: `unsubscribed` until LINE says otherwise).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineState {
    /// LINE's channel id.
    pub channel: ChannelId,
    /// The channel's subscription group.
    pub group: GroupId,
    /// State.
    pub state: GroupState,
    /// `None` before any event or listing.
    pub changed_at: Option<Timestamp>,
}

/// States of one LINE id on each channel of a workspace, in the order of the channels.
pub fn read_line_states<'a>(
    channels: impl Iterator<Item = &'a Channel>,
    friendships: &std::collections::BTreeMap<ChannelId, Friendship>,
) -> Vec<LineState> {
    channels
        .map(|channel| {
            let known = friendships.get(&channel.id);
            LineState {
                channel: channel.id.clone(),
                group: channel.group,
                state: known.map_or(GroupState::Unsubscribed, |known| known.state),
                changed_at: known.map(|known| known.changed_at),
            }
        })
        .collect()
}

/// Renders LINE states as in the contract: `[{"channel_id","subscription_group_id","state","changed_at"}]`.
#[must_use]
pub fn render_line_states(states: &[LineState]) -> Value {
    states
        .iter()
        .map(|state| {
            json!({
                "channel_id": state.channel,
                "subscription_group_id": state.group,
                "state": state.state.as_str(),
                "changed_at": state.changed_at,
            })
        })
        .collect()
}

/// A profile with everything that is read through its addresses.
#[derive(Clone, Debug)]
pub struct ProfileView {
    /// The row.
    pub profile: Arc<Profile>,
    /// Global email state of its address, else its own, else the default.
    pub email_state: GlobalState,
    /// Its summaries.
    pub summaries: Vec<(SummaryKey, Summary)>,
    /// LINE states; empty without a `native_line_id`.
    pub line: Vec<LineState>,
}

impl ProfileView {
    /// Leaves out what the workspace has blocked: it stays stored and is not shown (`CAT-6`).
    pub fn hide(&mut self, blocklist: &Blocklist) {
        let blocked = |name: &&str| self.profile.custom.contains(name);
        let blocked: Vec<_> = blocklist.attributes.iter().filter(blocked).collect();
        if !blocked.is_empty() {
            let profile = Arc::make_mut(&mut self.profile);
            for name in blocked {
                profile.custom.remove(name);
            }
        }
        self.summaries.retain(|(key, _)| match key.of {
            Occurrence::Event => !blocklist.events.holds(&key.name),
            Occurrence::Purchase => !blocklist.products.holds(&key.name),
        });
    }

    /// The LINE id the states were read through.
    #[must_use]
    pub fn line_id(&self) -> Option<&LineUserId> {
        self.profile.line_id.as_ref()
    }
}

/// The documented names of `fields_to_export` (section 9.2): the default where none are asked for.
pub const DOCUMENTED_FIELDS: &[&str] = &[
    "created_at",
    "external_id",
    "braze_id",
    "user_aliases",
    "first_name",
    "last_name",
    "email",
    "phone",
    "home_city",
    "dob",
    "country",
    "language",
    "time_zone",
    "gender",
    "last_coordinates",
    "random_bucket",
    "total_revenue",
    "attributed_campaign",
    "attributed_source",
    "attributed_adgroup",
    "attributed_ad",
    "push_subscribe",
    "email_subscribe",
    "custom_attributes",
    "custom_events",
    "purchases",
    "devices",
    "push_tokens",
    "apps",
    "uninstalled_at",
    "campaigns_received",
    "canvases_received",
    "cards_clicked",
];

/// Our two opt-in fields (`EXP-12`).
pub const LINE_FIELDS: &[&str] = &["native_line_id", "line"];

/// Renders the asked fields. Arrays asked for are `[]` when empty, `total_revenue` is 0, other empty keys are absent
/// (`EXP-5`, `CLI-8`). Unknown names are ignored.
#[must_use]
pub fn render_profile(view: &ProfileView, fields: &[&str], now: Timestamp) -> Value {
    let mut object = Map::new();
    for name in fields {
        if let Some(value) = render_field(view, name, now) {
            object.insert((*name).to_owned(), value);
        }
    }
    Value::Object(object)
}

/// The object of [`render_profile`], made while it is written: custom attributes are stored as JSON text and copied as
/// such, not parsed and put together again.
#[derive(Debug)]
pub struct RenderedProfile<'a> {
    /// Whom.
    pub view: &'a ProfileView,
    /// Which fields.
    pub fields: &'a [&'a str],
    /// When.
    pub now: Timestamp,
}

impl Serialize for RenderedProfile<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let custom = &self.view.profile.custom;
        let mut map = serializer.serialize_map(None)?;
        for name in self.fields {
            if *name == "custom_attributes" {
                if !custom.is_empty() {
                    let text = RawValue::from_string(custom.to_json()).map_err(serde::ser::Error::custom)?;
                    map.serialize_entry(name, &text)?;
                }
            } else if let Some(value) = render_field(self.view, name, self.now) {
                map.serialize_entry(name, &value)?;
            }
        }
        map.end()
    }
}

fn render_field(view: &ProfileView, name: &str, now: Timestamp) -> Option<Value> {
    let profile = &view.profile;
    match name {
        "created_at" => Some(json!(profile.created_at)),
        "external_id" => profile.external_id.as_ref().map(|id| json!(id)),
        "braze_id" => Some(json!(profile.id)),
        "user_aliases" => Some(json!(profile.aliases)),
        "email" => profile.email.as_ref().map(|email| json!(email.written)),
        "phone" => profile.phone.as_ref().map(|phone| json!(phone.shown())),
        "native_line_id" => profile.line_id.as_ref().map(|id| json!(id)),
        "line" => Some(render_line_states(&view.line)),
        "random_bucket" => Some(json!(profile.id.random_bucket())),
        "total_revenue" => Some(Value::Number(revenue(view))),
        "push_subscribe" => Some(json!(profile.own.push.unwrap_or(GlobalState::Subscribed).as_str())),
        "email_subscribe" => Some(json!(view.email_state.as_str())),
        "custom_attributes" => (!profile.custom.is_empty())
            .then(|| serde_json::from_str(&profile.custom.to_json()).unwrap_or(Value::Null)),
        "custom_events" => Some(render_summaries(view, Occurrence::Event, now)),
        "purchases" => Some(render_summaries(view, Occurrence::Purchase, now)),
        "last_coordinates" => profile.fields.get(FieldName::CurrentLocation).map(render_coordinates),
        "devices" | "apps" | "campaigns_received" | "canvases_received" | "cards_clicked" => Some(json!([])),
        "push_tokens" => {
            Some(profile.fields.get(FieldName::PushTokens).map_or_else(|| json!([]), tokens::show))
        }
        // What is empty is left out, also a text.
        _ => profile.fields.get(FieldName::parse(name)?).filter(|value| value.as_str() != Some("")).cloned(),
    }
}

/// `[longitude, latitude]`.
fn render_coordinates(location: &Value) -> Value {
    json!([location.get("longitude"), location.get("latitude")])
}

fn revenue(view: &ProfileView) -> serde_json::Number {
    view.summaries
        .iter()
        .filter(|(key, _)| key.of == Occurrence::Purchase)
        .fold(serde_json::Number::from(0), |sum, (_, summary)| add(&sum, &summary.revenue).unwrap_or(sum))
}

fn render_summaries(view: &ProfileView, of: Occurrence, now: Timestamp) -> Value {
    let since = now.plus_micros(-RECENT_MICROS);
    view.summaries
        .iter()
        .filter(|(key, summary)| key.of == of && summary.last >= since)
        .map(|(key, summary)| {
            json!({"name": &*key.name, "first": summary.first, "last": summary.last, "count": summary.count})
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written as text or put together as a value: the same object, for full profiles and for empty ones.
    #[test]
    fn the_written_object_is_the_rendered_one() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let mut profile = Profile::new(crate::ProfileId::from_bytes([7; 16]), now);
        let fields: Vec<&str> = DOCUMENTED_FIELDS.iter().chain(LINE_FIELDS).copied().collect();
        for custom in ["{}", r#"{"a":12345678901234567890,"b":{"c":["\u0001",1.5]},"名":"値"}"#] {
            profile.custom = crate::Document::parse(custom).unwrap();
            let view = ProfileView {
                profile: Arc::new(profile.clone()),
                email_state: GlobalState::Subscribed,
                summaries: Vec::new(),
                line: Vec::new(),
            };
            let text = serde_json::to_string(&RenderedProfile { view: &view, fields: &fields, now }).unwrap();
            let read: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read, render_profile(&view, &fields, now));
            assert_eq!(read.get("custom_attributes").is_some(), custom != "{}");
        }
    }
}
