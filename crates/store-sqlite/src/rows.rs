//! Profiles as rows, both ways.

use std::sync::Arc;

use profile_model::{Document, Email, Fields, LineUserId, Phone, Profile, ProfileId, Timestamp};
use profile_store::Fault;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::fault::unreadable;
use crate::statement::Bound;

/// Columns of a profile in the order that [`read_profile`] takes them and [`bind_profile`] gives them; `pid` first.
pub(crate) const COLUMNS: &str = "p.pid, p.id, p.external_id, p.former_ids, p.aliases, p.email, p.phone, \
     p.phone_e164, p.native_line_id, p.fields, p.attributes, p.own_states, p.created_at, p.updated_at, p.version, p.merged, \
     p.origin";

/// How many those are.
pub(crate) const COUNT: usize = 17;

/// Reads the profile whose `pid` stands in column `at`.
pub(crate) fn read_profile(row: &SqliteRow, at: usize) -> Result<Profile, Fault> {
    let column = |error: sqlx::Error| crate::fault::to_fault(&error);
    let text = |offset: usize| row.try_get::<Option<&str>, _>(at + offset).map_err(column);
    let number = |offset: usize| row.try_get::<i64, _>(at + offset).map_err(column);
    let id = read_id(row, at + 1)?;
    let email = text(5)?.map(read_email);
    let phone = match text(6)? {
        Some(written) => Some(Phone { written: written.to_owned(), e164: text(7)?.map(str::to_owned) }),
        None => None,
    };
    let fields = match text(9)? {
        None | Some("{}") => Fields::default(),
        Some(json) => Fields::parse(json).map_err(|_| unreadable("profiles.fields"))?,
    };
    let custom = match text(10)? {
        None | Some("{}") => Document::default(),
        Some(json) => Document::parse(json).map_err(|_| unreadable("profiles.attributes"))?,
    };
    Ok(Profile {
        id,
        external_id: text(2)?.map(str::to_owned),
        former_ids: read_json(text(3)?, "profiles.former_ids")?,
        aliases: read_json(text(4)?, "profiles.aliases")?,
        email,
        phone,
        line_id: text(8)?.map(|id| LineUserId::from_stored(id.to_owned())),
        fields,
        custom,
        own: read_json(text(11)?, "profiles.own_states")?,
        merged: read_json(text(15)?, "profiles.merged")?,
        origin: read_json(text(16)?, "profiles.origin")?,
        created_at: Timestamp::from_micros(number(12)?),
        updated_at: Timestamp::from_micros(number(13)?),
        version: number(14)?.unsigned_abs(),
    })
}

/// Reads a 16-byte profile id.
pub(crate) fn read_id(row: &SqliteRow, at: usize) -> Result<ProfileId, Fault> {
    let bytes: &[u8] = row.try_get(at).map_err(|error| crate::fault::to_fault(&error))?;
    bytes.try_into().map(ProfileId::from_bytes).map_err(|_| unreadable("profiles.id"))
}

/// A stored email with its look-up key.
fn read_email(written: &str) -> Email {
    Email::parse(written)
        .unwrap_or_else(|| Email { written: written.to_owned(), key: written.trim().to_lowercase() })
}

fn read_json<T: serde::de::DeserializeOwned + Default>(text: Option<&str>, place: &str) -> Result<T, Fault> {
    text.map_or_else(|| Ok(T::default()), |text| serde_json::from_str(text).map_err(|_| unreadable(place)))
}

/// JSON text, or NULL where there is nothing.
fn json_or_null<T: serde::Serialize>(value: &T, is_empty: bool) -> Option<String> {
    (!is_empty).then(|| serde_json::to_string(value).unwrap_or_default())
}

/// Binds a profile's row.
pub(crate) fn bind_profile(query: Bound, pid: i64, profile: &Arc<Profile>) -> Bound {
    let time = |time: Timestamp| time.as_micros();
    query
        .bind(pid)
        .bind(profile.id.as_bytes().to_vec())
        .bind(profile.external_id.clone())
        .bind(json_or_null(&profile.former_ids, profile.former_ids.is_empty()))
        .bind(json_or_null(&profile.aliases, profile.aliases.is_empty()))
        .bind(profile.email.as_ref().map(|email| email.written.clone()))
        .bind(profile.phone.as_ref().map(|phone| phone.written.clone()))
        .bind(profile.phone.as_ref().and_then(|phone| phone.e164.clone()))
        .bind(profile.line_id.as_ref().map(|id| id.as_str().to_owned()))
        .bind(profile.fields.to_json())
        .bind(profile.custom.to_json())
        .bind(json_or_null(&profile.own, profile.own.is_empty()))
        .bind(time(profile.created_at))
        .bind(time(profile.updated_at))
        .bind(i64::try_from(profile.version).unwrap_or(i64::MAX))
        .bind(json_or_null(&profile.merged, profile.merged.is_empty()))
        .bind(json_or_null(&profile.origin, profile.origin.is_none()))
}
