use serde_json::json;

use super::*;

const LINE: &str = "U89f4a626548ccd48482f529a482f138b";

fn read(header: &[&str], cells: &[&str]) -> RowReading {
    read_row(&CsvColumns::read(header).unwrap(), cells, 3, &Config::default(), WorkspaceId(1))
}

fn attributes(reading: &RowReading) -> &Attributes {
    match &reading.item.as_ref().unwrap().body {
        Body::Attributes(attributes) => attributes,
        _ => panic!("not attributes"),
    }
}

/// CSV-11.
#[test]
fn blank_cells_say_nothing() {
    let reading = read(&["external_id", "first_name", "native_line_id", "points"], &["a", "", " ", ""]);
    let attributes = attributes(&reading);
    assert!(attributes.fields.is_empty() && attributes.custom.is_empty() && attributes.line_id.is_none());
    assert!(reading.issues.is_empty());
}

/// CSV-5, CSV-12, CSV-13.
#[test]
fn custom_cells_are_typed_as_written() {
    let header = ["external_id", "a", "b", "c", "d", "e", "f", "g"];
    let cells = ["x", "12", "0130", "'12'", "true", "1.50", "1e5", "12345678901234567890"];
    let reading = read(&header, &cells);
    let values: Vec<_> = attributes(&reading).custom.iter().map(|(_, value)| value.to_string()).collect();
    assert_eq!(values, ["12", "\"0130\"", "\"12\"", "true", "1.5", "\"1e5\"", "12345678901234567890"]);
}

/// CSV-9.
#[test]
fn a_row_falls_from_external_id_to_email_to_phone() {
    let header = ["external_id", "email", "phone"];
    let target = |cells: [&str; 3]| read(&header, &cells).item.map(|item| item.target);
    assert!(matches!(target(["x", "a@example.com", "+819012345678"]), Some(Target::ExternalId(_))));
    assert!(matches!(target(["", "a@example.com", "+819012345678"]), Some(Target::Email(_))));
    assert!(matches!(target(["", "", "+819012345678"]), Some(Target::Phone(_))));
    assert!(target(["", "", ""]).is_none());
    assert!(target(["", "nobody", ""]).is_none());
}

/// CSV-14, CSV-21: the offending value is left out, the rest of the row applies.
#[test]
fn invalid_values_are_warnings_that_do_not_show_the_value() {
    let reading = read(
        &["external_id", "email", "email_subscribe", "native_line_id", "first_name"],
        &["x", "nobody", "Unsubscribed", "Uxyz", "Ann"],
    );
    assert_eq!(reading.issues.len(), 3);
    for issue in &reading.issues {
        assert_eq!(issue.level, IssueLevel::Warning);
        assert!(!issue.reason.contains("Uxyz") && !issue.reason.contains("nobody"));
    }
    assert_eq!(attributes(&reading).fields[0].1, Change::Set(json!("Ann")));
}

/// CSV-17.
#[test]
fn a_native_line_id_column_sets_the_field() {
    let reading = read(&["external_id", "native_line_id"], &["x", LINE]);
    assert_eq!(attributes(&reading).line_id, Some(Change::Set(LineUserId::from_line(LINE).unwrap())));
}

/// Section 7.2.
#[test]
fn half_an_alias_is_an_error() {
    let reading = read(&["user_alias_name", "user_alias_label"], &["n", ""]);
    assert!(reading.item.is_none());
    assert_eq!(reading.issues[0].level, IssueLevel::Error);
}
