//! Subscription groups and states (`SSG-*`, `SUS-*`, `SST-*`, `SV2-*`).

use axum::extract::Query;
use axum::http::Uri;
use profile_model::{Config, Email, Phone, Target, WorkspaceId};

use crate::answer::{Code, Problem};

pub(crate) mod groups;
pub(crate) mod read;
pub(crate) mod set;

/// Most identifiers of one kind in a query (`SSG-1`, `SUS-1`).
const MAX_IDS: usize = 50;

/// A query as pairs; `name[]` is `name` (`CLI-9`).
struct Pairs(Vec<(String, String)>);

impl Pairs {
    fn read(uri: &Uri) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Problem::invalid(Code::FieldInvalid, "the query cannot be read"))?;
        let plain = |name: String| name.strip_suffix("[]").map(str::to_owned).unwrap_or(name);
        Ok(Self(pairs.into_iter().map(|(name, value)| (plain(name), value)).collect()))
    }

    fn all(&self, name: &str) -> Result<Vec<&str>, Problem> {
        let found: Vec<_> = self
            .0
            .iter()
            .filter(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
            .collect();
        if found.len() > MAX_IDS {
            return Err(Problem::invalid(
                Code::FieldInvalid,
                format!("'{name}' may be given at most 50 times"),
            ));
        }
        Ok(found)
    }

    fn one(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whom the query names, as sent and as read. `external_id` beats the others (`SSG-2`).
    fn who(&self, config: &Config, workspace: WorkspaceId) -> Result<Vec<(String, Target)>, Problem> {
        let (external, emails, phones) = (self.all("external_id")?, self.all("email")?, self.all("phone")?);
        if !external.is_empty() {
            let target = |id: &str| (id.to_owned(), Target::ExternalId(id.to_owned()));
            return Ok(external.into_iter().map(target).collect());
        }
        if !emails.is_empty() && !phones.is_empty() {
            let message = "Either an email address or a phone number should be provided, but not both.";
            return Err(Problem::quoted(axum::http::StatusCode::BAD_REQUEST, message));
        }
        let region =
            config.workspaces.get(&workspace).map(|known| known.settings.phone_region).unwrap_or_default();
        let email = |text: &str| {
            let read = Email::parse(text).map(|email| (text.to_owned(), Target::Email(email)));
            read.ok_or_else(|| Problem::invalid(Code::FieldInvalid, "'email' must be an email address"))
        };
        let phone = |text: &str| {
            // A plus sign in a query is a blank to most readers.
            let text = text.trim();
            let number = if text.starts_with(|first: char| first.is_ascii_digit()) && text.len() > 10 {
                Phone::parse(&format!("+{text}"), &region).phone
            } else {
                Phone::parse(text, &region).phone
            };
            let number = if number.key().is_some() { number } else { Phone::parse(text, &region).phone };
            if number.key().is_none() {
                return Err(Problem::invalid(Code::FieldInvalid, "'phone' must be a valid phone number"));
            }
            Ok((text.to_owned(), Target::Phone(number)))
        };
        emails.into_iter().map(email).chain(phones.into_iter().map(phone)).collect()
    }
}

fn nobody_named() -> Problem {
    Problem::invalid(Code::IdentifierMissing, "one of 'external_id', 'email' or 'phone' is required")
}
