//! Profiles as rows, both ways.

use std::sync::Arc;

use profile_model::{Document, Email, Fields, LineUserId, Phone, Profile, ProfileId, Timestamp};
use profile_store::Fault;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::fault::unreadable;
use crate::statement::{Bound, column, get, number};

/// Columns of a profile in the order that [`read_profile`] takes them; `p` is the row.
pub(crate) const COLUMNS: &str = "p.id, p.external_id, p.former_ids, p.aliases, p.email, p.phone, p.phone_e164, \
     p.native_line_id, p.fields::text, p.attributes::text, p.own_states, p.created_at, p.updated_at, p.version, \
     p.merged, p.origin";

/// Reads the profile whose `id` stands in column `at`.
pub(crate) fn read_profile(row: &PgRow, at: usize) -> Result<Profile, Fault> {
    let text = |offset: usize| get::<Option<&str>>(row, at + offset);
    let owned = |offset: usize| get::<Option<String>>(row, at + offset);
    let time = |offset: usize| get::<i64>(row, at + offset).map(Timestamp::from_micros);
    let phone = match owned(5)? {
        Some(written) => Some(Phone { written, e164: owned(6)? }),
        None => None,
    };
    let fields = match get(row, at + 8)? {
        "{}" => Fields::default(),
        json => Fields::parse(json).map_err(|_| unreadable("profiles.fields"))?,
    };
    let custom = match get(row, at + 9)? {
        "{}" => Document::default(),
        json => Document::parse(json).map_err(|_| unreadable("profiles.attributes"))?,
    };
    Ok(Profile {
        id: read_id(row, at)?,
        external_id: owned(1)?,
        former_ids: read_json(text(2)?, "profiles.former_ids")?,
        aliases: read_json(text(3)?, "profiles.aliases")?,
        email: text(4)?.map(read_email),
        phone,
        line_id: owned(7)?.map(LineUserId::from_stored),
        fields,
        custom,
        own: read_json(text(10)?, "profiles.own_states")?,
        created_at: time(11)?,
        updated_at: time(12)?,
        version: get::<i64>(row, at + 13)?.unsigned_abs(),
        merged: read_json(text(14)?, "profiles.merged")?,
        origin: read_json(text(15)?, "profiles.origin")?,
    })
}

/// A profile's id as stored.
pub(crate) fn uuid_of(id: ProfileId) -> Uuid {
    Uuid::from_bytes(*id.as_bytes())
}

/// Reads a profile's id.
pub(crate) fn read_id(row: &PgRow, at: usize) -> Result<ProfileId, Fault> {
    get::<Uuid>(row, at).map(|id| ProfileId::from_bytes(id.into_bytes()))
}

/// Reads a profile's id that may be absent.
pub(crate) fn read_maybe_id(row: &PgRow, at: usize) -> Result<Option<ProfileId>, Fault> {
    Ok(get::<Option<Uuid>>(row, at)?.map(|id| ProfileId::from_bytes(id.into_bytes())))
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

/// Writes the rows of profiles: `$1` is the shard key, one array per column follows.
const PUT: &str = "INSERT INTO profiles (sk, id, external_id, former_ids, aliases, email, phone, phone_e164, \
     native_line_id, fields, attributes, own_states, created_at, updated_at, version, merged, origin) \
     SELECT $1, v.id, v.external_id, v.former_ids, v.aliases, v.email, v.phone, v.phone_e164, v.native_line_id, \
     v.fields::json, v.attributes::json, v.own_states, v.created_at, v.updated_at, v.version, v.merged, v.origin \
     FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], \
     $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[], $16::text[], $17::text[]) \
     v(id, external_id, former_ids, aliases, email, phone, phone_e164, native_line_id, fields, attributes, \
     own_states, created_at, updated_at, version, merged, origin)";

/// The text of the statement that makes profiles.
pub(crate) static CREATE: std::sync::LazyLock<&'static str> =
    std::sync::LazyLock::new(|| Box::leak(format!("-- create_profiles\n{PUT}").into_boxed_str()));

/// The text of the statement that updates profiles. It is an upsert in form only, because that is the one form of a
/// set-based update whose plan needs no statistics: every row of it is there and locked by its unit, so that nobody can
/// have deleted it, and a row of another version is left alone and missed in the count.
pub(crate) static UPDATE: std::sync::LazyLock<&'static str> = std::sync::LazyLock::new(|| {
    const COLUMNS: [&str; 15] = [
        "external_id",
        "former_ids",
        "aliases",
        "email",
        "phone",
        "phone_e164",
        "native_line_id",
        "fields",
        "attributes",
        "own_states",
        "created_at",
        "updated_at",
        "version",
        "merged",
        "origin",
    ];
    let set: Vec<_> = COLUMNS.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    let text = format!(
        "-- update_profiles\n{PUT} ON CONFLICT (sk, id) DO UPDATE SET {} WHERE profiles.version = excluded.version - 1 \
         RETURNING 1",
        set.join(", ")
    );
    Box::leak(text.into_boxed_str())
});

/// Binds the rows of profiles of one shard behind [`CREATE`] or [`UPDATE`].
pub(crate) fn bind_profiles(query: Bound, sk: i64, profiles: &[&Arc<Profile>]) -> Bound {
    query
        .bind(sk)
        .bind(column(profiles, |profile| uuid_of(profile.id)))
        .bind(column(profiles, |profile| profile.external_id.as_deref()))
        .bind(column(profiles, |profile| json_or_null(&profile.former_ids, profile.former_ids.is_empty())))
        .bind(column(profiles, |profile| json_or_null(&profile.aliases, profile.aliases.is_empty())))
        .bind(column(profiles, |profile| profile.email.as_ref().map(|email| email.written.as_str())))
        .bind(column(profiles, |profile| profile.phone.as_ref().map(|phone| phone.written.as_str())))
        .bind(column(profiles, |profile| profile.phone.as_ref().and_then(|phone| phone.e164.as_deref())))
        .bind(column(profiles, |profile| profile.line_id.as_ref().map(LineUserId::as_str)))
        .bind(column(profiles, |profile| profile.fields.to_json()))
        .bind(column(profiles, |profile| profile.custom.to_json()))
        .bind(column(profiles, |profile| json_or_null(&profile.own, profile.own.is_empty())))
        .bind(column(profiles, |profile| profile.created_at.as_micros()))
        .bind(column(profiles, |profile| profile.updated_at.as_micros()))
        .bind(column(profiles, |profile| number(profile.version)))
        .bind(column(profiles, |profile| json_or_null(&profile.merged, profile.merged.is_empty())))
        .bind(column(profiles, |profile| json_or_null(&profile.origin, profile.origin.is_none())))
}
