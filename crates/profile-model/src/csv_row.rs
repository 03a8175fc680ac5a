//! One row of a users CSV: the same commands as track, so that one decision serves both doors.

use serde_json::{Number, Value};

use crate::custom::coerce;
use crate::{
    Alias, Attributes, Body, Change, Config, CsvColumn, CsvColumns, Email, FieldReading, GlobalState,
    InputArray, IssueLevel, Item, Key, LineUserId, MAX_IDENTIFIER_BYTES, ObjectFault, Phone, ProfileId,
    Target, WorkspaceId, canonical,
    parse_track::{Context, check_alias, read_group},
    read_field,
};

/// A problem of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowIssue {
    /// Error: nothing of the row is imported. Warning: the row goes in without the value.
    pub level: IssueLevel,
    /// Column header; empty: the row as a whole.
    pub field: String,
    /// What is wrong; never the value.
    pub reason: String,
}

/// A row, read.
#[derive(Clone, Debug)]
pub struct RowReading {
    /// The command; `None` if the row is unusable.
    pub item: Option<Item>,
    /// Problems, in the order of the columns.
    pub issues: Vec<RowIssue>,
    /// Identifiers that an unusable row names all the same: a report shows no cells of somebody who is suppressed.
    pub names: Vec<Key>,
}

#[derive(Default)]
struct Named {
    external_id: Option<String>,
    alias_name: Option<String>,
    alias_label: Option<String>,
    braze_id: Option<String>,
    email: Option<Email>,
    phone: Option<Phone>,
}

struct Row<'a> {
    context: &'a Context<'a>,
    named: Named,
    attributes: Attributes,
    group: (Option<&'a str>, Option<&'a str>),
    issues: Vec<RowIssue>,
}

/// Reads a row of the header's length; `number` becomes the item's index. Blank cells are passed over: they never
/// clear and never overwrite (`CSV-11`).
#[must_use]
pub fn read_row(
    columns: &CsvColumns,
    cells: &[&str],
    number: u32,
    config: &Config,
    workspace: WorkspaceId,
) -> RowReading {
    let settings = config.workspaces.get(&workspace).map(|known| known.settings.clone()).unwrap_or_default();
    let context = Context { config, workspace, settings };
    let mut row = Row {
        context: &context,
        named: Named::default(),
        attributes: Attributes::default(),
        group: (None, None),
        issues: Vec::new(),
    };
    for ((column, name), cell) in columns.iter().zip(cells) {
        if !cell.trim().is_empty() {
            row.read_cell(column, name, cell);
        }
    }
    row.read_group();
    row.finish(number)
}

impl<'a> Row<'a> {
    fn warn(&mut self, field: &str, reason: impl Into<String>) {
        self.issues.push(RowIssue {
            level: IssueLevel::Warning,
            field: field.to_owned(),
            reason: reason.into(),
        });
    }

    fn read_cell(&mut self, column: &CsvColumn, name: &str, cell: &'a str) {
        match column {
            CsvColumn::ExternalId => self.named.external_id = Some(cell.to_owned()),
            CsvColumn::AliasName => self.named.alias_name = Some(cell.to_owned()),
            CsvColumn::AliasLabel => self.named.alias_label = Some(cell.to_owned()),
            CsvColumn::BrazeId => self.named.braze_id = Some(cell.trim().to_owned()),
            CsvColumn::Email => match Email::parse(cell) {
                Some(email) => self.named.email = Some(email),
                None => self.warn(name, ObjectFault::BadEmail.message()),
            },
            CsvColumn::Phone => self.read_phone(name, cell),
            CsvColumn::LineId => match LineUserId::parse(cell, self.context.settings.line_id_check) {
                Some(id) => self.attributes.line_id = Some(Change::Set(id)),
                None => self.warn(name, ObjectFault::BadLineId.message()),
            },
            // CSV-14: enumerations are exact.
            CsvColumn::EmailSubscribe => match GlobalState::parse(cell) {
                Some(state) => self.attributes.email_subscribe = Some(state),
                None => self.warn(name, ObjectFault::BadEmailSubscribe.message()),
            },
            CsvColumn::PushSubscribe => match GlobalState::parse(cell) {
                Some(state) => self.attributes.push_subscribe = Some(state),
                None => self.warn(name, ObjectFault::BadPushSubscribe.message()),
            },
            CsvColumn::GroupId => self.group.0 = Some(cell),
            CsvColumn::GroupState => self.group.1 = Some(cell),
            CsvColumn::Field(field) => {
                let value = read_value(unquoted(cell).unwrap_or(cell), field_is_boolean(*field));
                match read_field(*field, &value, &self.context.settings) {
                    FieldReading::Set(value) => self.attributes.fields.push((*field, Change::Set(value))),
                    FieldReading::Clear => self.warn(name, "the value is not known and was left out"),
                    FieldReading::Ignored(reason) => self.warn(name, reason),
                    FieldReading::Refused(fault) => self.warn(name, fault.message()),
                }
            }
            CsvColumn::Custom(attribute) => self.read_custom(attribute, name, cell),
        }
    }

    /// A number that is not valid is kept as it is (`PHN-4`), with a warning.
    fn read_phone(&mut self, name: &str, cell: &str) {
        if cell.len() > MAX_IDENTIFIER_BYTES || cell.contains('\0') {
            return self.warn(name, ObjectFault::BadPhoneValue.message());
        }
        let reading = Phone::parse(cell, &self.context.settings.phone_region);
        if reading.phone.key().is_none() {
            self.warn(name, "not a valid phone number; kept as written, but nobody is found by it");
        }
        if let Some(warning) = reading.warning {
            self.warn(name, warning.as_str());
        }
        self.named.phone = Some(reading.phone);
    }

    /// `CSV-5`, `CSV-12`, `CSV-13`: quoted is text; `true`/`false`; a plain number without leading zeros; else text.
    fn read_custom(&mut self, attribute: &str, name: &str, cell: &str) {
        let value = match unquoted(cell) {
            Some(text) => Value::String(text.to_owned()),
            None => read_value(cell, true),
        };
        if value.as_str().is_some_and(|text| text.contains('\0')) {
            return self.warn(name, "the value contains the character U+0000");
        }
        if value.as_str().is_some_and(|text| text.chars().count() > 255) {
            return self.warn(name, "the value is longer than 255 characters");
        }
        // CAT-2: what the attribute's type cannot hold is not stored; CSV-21: that is a warning.
        if let Some(forced) = self.context.settings.forced_types.of(attribute)
            && coerce(&value, forced).is_none()
        {
            return self.warn(name, "the value does not fit the type that the workspace gave this attribute");
        }
        self.attributes.custom.push((attribute.to_owned(), value));
    }

    /// `CSV-16`, `CSV-17`: one group per row; LINE groups are passed over.
    fn read_group(&mut self) {
        let (id, state) = self.group;
        if id.is_none() {
            return;
        }
        match read_group(id, state, self.context) {
            Ok(change) => self.attributes.groups.extend(change),
            Err(fault @ ObjectFault::BadSubscriptionGroupState) => {
                self.warn("subscription_state", fault.message())
            }
            Err(fault) => self.warn("subscription_group_id", fault.message()),
        }
    }

    fn finish(mut self, number: u32) -> RowReading {
        let target = self.target();
        let names = if target.is_err() { self.names() } else { Vec::new() };
        self.attributes.email = self.named.email.take().map(Change::Set);
        self.attributes.phone = self.named.phone.take().map(Change::Set);
        let item = match target {
            Ok(target) => Some(Item {
                array: InputArray::Attributes,
                index: number,
                target,
                update_only: None,
                body: Body::Attributes(Box::new(self.attributes)),
            }),
            Err(reason) => {
                // An error takes the row: what was only a warning says no more.
                self.issues = vec![RowIssue {
                    level: IssueLevel::Error,
                    field: String::new(),
                    reason: reason.to_owned(),
                }];
                None
            }
        };
        RowReading { item, issues: self.issues, names }
    }

    /// Every identifier of the row that somebody may have.
    fn names(&self) -> Vec<Key> {
        let named = &self.named;
        let alias = named.alias_label.as_ref().zip(named.alias_name.as_ref());
        let alias =
            alias.map(|(label, name)| Key::alias(&Alias { label: label.clone(), name: name.clone() }));
        let line_id = self.attributes.line_id.as_ref().and_then(Change::value);
        let external_id = named.external_id.as_ref().map(|id| Key::external_id(id));
        let addresses = [named.email.as_ref().map(Key::email), named.phone.as_ref().and_then(Key::phone)];
        external_id
            .into_iter()
            .chain(alias)
            .chain(addresses.into_iter().flatten())
            .chain(line_id.map(Key::line_id))
            .collect()
    }

    /// External id or alias, then `braze_id`, then email, then phone (`CSV-9`).
    fn target(&self) -> Result<Target, &'static str> {
        let named = &self.named;
        let checked = |text: &str| {
            if text.len() > MAX_IDENTIFIER_BYTES {
                Err(ObjectFault::ExternalIdTooLong.message())
            } else if text.contains('\0') {
                Err(ObjectFault::NulCharacter.message())
            } else {
                Ok(())
            }
        };
        if let Some(id) = &named.external_id {
            checked(id)?;
            if named.braze_id.is_some() {
                return Err(ObjectFault::SeveralPrimaries.message());
            }
            return Ok(Target::ExternalId(id.clone()));
        }
        match (&named.alias_label, &named.alias_name) {
            (Some(_), Some(_)) if named.braze_id.is_some() => {
                return Err(ObjectFault::SeveralPrimaries.message());
            }
            (Some(label), Some(name)) => {
                let alias = Alias { label: label.clone(), name: name.clone() };
                check_alias(&alias).map_err(ObjectFault::message)?;
                return Ok(Target::Alias(alias));
            }
            (None, None) => {}
            _ => return Err("'user_alias_name' and 'user_alias_label' must both have a value"),
        }
        if let Some(id) = &named.braze_id {
            return Ok(Target::BrazeId(ProfileId::parse(id)));
        }
        if let Some(email) = &named.email {
            return Ok(Target::Email(email.clone()));
        }
        match &named.phone {
            Some(phone) if phone.key().is_some() => Ok(Target::Phone(phone.clone())),
            _ => Err("the row names nobody: every identifier cell is blank or unusable"),
        }
    }
}

/// The text between `''` or `""` around the whole cell (`CSV-5`).
fn unquoted(cell: &str) -> Option<&str> {
    ['\'', '"'].into_iter().find_map(|quote| {
        let inner = cell.strip_prefix(quote)?.strip_suffix(quote);
        inner.filter(|_| cell.len() >= 2)
    })
}

/// A cell as the type it is written as; `typed` false: always text.
fn read_value(cell: &str, typed: bool) -> Value {
    match cell {
        _ if !typed => Value::String(cell.to_owned()),
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => read_number(cell).map_or_else(|| Value::String(cell.to_owned()), Value::Number),
    }
}

/// A number only where its text is one in plain decimal: no blanks, no leading zeros, no exponent.
fn read_number(cell: &str) -> Option<Number> {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let leading = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    (plain && !leading)
        .then(|| serde_json::from_str::<Number>(cell).ok())
        .flatten()
        .and_then(|n| canonical(&n))
}

const fn field_is_boolean(field: crate::FieldName) -> bool {
    matches!(
        field,
        crate::FieldName::EmailOpenTrackingDisabled | crate::FieldName::EmailClickTrackingDisabled
    )
}

#[cfg(test)]
mod tests;
