//! The header of a users CSV: which column is what (section 7.2, 7.3).

use crate::FieldName;

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CsvColumn {
    /// `external_id`
    ExternalId,
    /// `user_alias_name`
    AliasName,
    /// `user_alias_label`
    AliasLabel,
    /// `braze_id`
    BrazeId,
    /// `email`
    Email,
    /// `phone`
    Phone,
    /// `native_line_id`
    LineId,
    /// `email_subscribe`
    EmailSubscribe,
    /// `push_subscribe`
    PushSubscribe,
    /// `subscription_group_id`
    GroupId,
    /// `subscription_state`
    GroupState,
    /// A standard field.
    Field(FieldName),
    /// A custom attribute (`CSV-6`).
    Custom(String),
}

/// Why a header is unusable; each text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// No column names a user.
    #[error(
        "the header has no identifier column: one of 'external_id', 'user_alias_name' with 'user_alias_label', \
         'braze_id', 'email' or 'phone' is required{0}"
    )]
    NoIdentifier(&'static str),
    /// `CSV-8`.
    #[error("'external_id' and alias columns cannot be in one file")]
    ExternalIdAndAlias,
    /// One half of an alias.
    #[error("'user_alias_name' and 'user_alias_label' must come together")]
    HalfAlias,
    /// A name twice.
    #[error("column {0} has the same name as an earlier one")]
    Duplicate(usize),
    /// A column without a name.
    #[error("column {0} has no name")]
    Unnamed(usize),
    /// One half of a group state.
    #[error("'subscription_state' needs a 'subscription_group_id' column")]
    StateWithoutGroup,
    /// A name that can be no attribute.
    #[error("the name of column {0} is not usable: {1}")]
    BadName(usize, &'static str),
}

/// The columns of a file, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvColumns {
    columns: Vec<CsvColumn>,
    names: Vec<String>,
}

impl CsvColumns {
    /// Reads the header row. Names are exact in case and spacing (`CSV-6`); a byte order mark is ignored.
    ///
    /// # Errors
    /// [`HeaderFault`]: nothing of the file can be imported.
    pub fn read(header: &[&str]) -> Result<Self, HeaderFault> {
        let mut names: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        if let Some(first) = names.first_mut() {
            *first = first.trim_start_matches('\u{feff}').to_owned();
        }
        let mut columns = Vec::with_capacity(names.len());
        for (place, name) in names.iter().enumerate() {
            if name.is_empty() {
                return Err(HeaderFault::Unnamed(place + 1));
            }
            if names[..place].contains(name) {
                return Err(HeaderFault::Duplicate(place + 1));
            }
            columns.push(column(name).map_err(|reason| HeaderFault::BadName(place + 1, reason))?);
        }
        let has = |column: CsvColumn| columns.contains(&column);
        let (name, label) = (has(CsvColumn::AliasName), has(CsvColumn::AliasLabel));
        if name != label {
            return Err(HeaderFault::HalfAlias);
        }
        if name && has(CsvColumn::ExternalId) {
            return Err(HeaderFault::ExternalIdAndAlias);
        }
        let others = [CsvColumn::ExternalId, CsvColumn::BrazeId, CsvColumn::Email, CsvColumn::Phone];
        if !name && !others.into_iter().any(has) {
            let appboy = names.iter().any(|name| name == "Appboy ID");
            let hint = match &names[..] {
                _ if appboy => "; rename the column 'Appboy ID' to 'braze_id'",
                [only] if only.contains(';') => "; cells are separated by commas, not by semicolons",
                [only] if only.contains('\t') => "; cells are separated by commas, not by tabs",
                _ => "",
            };
            return Err(HeaderFault::NoIdentifier(hint));
        }
        let has = |column: &CsvColumn| columns.contains(column);
        if has(&CsvColumn::GroupState) && !has(&CsvColumn::GroupId) {
            return Err(HeaderFault::StateWithoutGroup);
        }
        Ok(Self { columns, names })
    }

    /// How many cells each row must have (`CSV-2`).
    #[must_use]
    pub const fn len(&self) -> usize {
        self.columns.len()
    }

    /// Never: a header without columns is a fault.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Header texts, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Columns with their header texts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&CsvColumn, &str)> {
        self.columns.iter().zip(self.names.iter().map(String::as_str))
    }
}

/// The column of this name, or why there cannot be one.
fn column(name: &str) -> Result<CsvColumn, &'static str> {
    Ok(match name {
        "external_id" => CsvColumn::ExternalId,
        "user_alias_name" => CsvColumn::AliasName,
        "user_alias_label" => CsvColumn::AliasLabel,
        "braze_id" => CsvColumn::BrazeId,
        "email" => CsvColumn::Email,
        "phone" => CsvColumn::Phone,
        "native_line_id" => CsvColumn::LineId,
        "email_subscribe" => CsvColumn::EmailSubscribe,
        "push_subscribe" => CsvColumn::PushSubscribe,
        "subscription_group_id" => CsvColumn::GroupId,
        "subscription_state" => CsvColumn::GroupState,
        _ => match FieldName::parse(name) {
            // NST-13, CSV-12: objects and push tokens cannot come by CSV.
            Some(
                FieldName::CurrentLocation | FieldName::PushTokens | FieldName::Facebook | FieldName::Twitter,
            ) => return Err("objects and push tokens cannot come in a file"),
            Some(field) => CsvColumn::Field(field),
            None if crate::is_reserved(name) => return Err("it is a reserved word"),
            None if name.contains('\0') => return Err("it contains the character U+0000"),
            None if name.chars().count() > 255 => return Err("it is longer than 255 characters"),
            None => CsvColumn::Custom(name.to_owned()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 7.2, CSV-8.
    #[test]
    fn a_header_must_name_users_in_one_way() {
        let read = |header: &[&str]| CsvColumns::read(header).map(|columns| columns.len());
        assert_eq!(read(&["\u{feff}external_id", "native_line_id", "First_name"]), Ok(3));
        assert!(matches!(read(&["first_name"]), Err(HeaderFault::NoIdentifier(""))));
        assert!(read(&["Appboy ID"]).unwrap_err().to_string().contains("rename"));
        assert_eq!(read(&["user_alias_name"]), Err(HeaderFault::HalfAlias));
        assert_eq!(
            read(&["external_id", "user_alias_name", "user_alias_label"]),
            Err(HeaderFault::ExternalIdAndAlias)
        );
        assert_eq!(read(&["email", "email"]), Err(HeaderFault::Duplicate(2)));
    }

    /// CSV-6.
    #[test]
    fn names_are_exact() {
        let columns = CsvColumns::read(&["email", "First_name", "first_name"]).unwrap();
        let kinds: Vec<_> = columns.iter().map(|(column, _)| column.clone()).collect();
        assert_eq!(kinds[1], CsvColumn::Custom("First_name".into()));
        assert_eq!(kinds[2], CsvColumn::Field(FieldName::FirstName));
    }
}
