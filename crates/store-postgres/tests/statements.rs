//! Every statement of this crate, read from its source: about one shard, and in no form that Citus refuses
//! (docs/adr/012). A statement is a string that begins with its name, `-- name`.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::path::Path;

/// Tables that are small and alike everywhere (reference tables): no shard key.
const CONFIGURATION: [&str; 6] =
    ["meta", "workspaces", "api_keys", "subscription_groups", "line_channels", "_sqlx_migrations"];

/// Reads over all shards, for background work and `doctor`, and the one write that gives up leases.
const OVER_ALL_SHARDS: [&str; 6] = [
    "find_jobs",
    "release_jobs",
    "scan_inbox_pending",
    "find_expired_merges",
    // Of tables without shards, whose names are put in.
    "read_copied_configuration",
    "put_copied_configuration",
];

/// Reads over all shards that only `doctor` makes.
const OF_DOCTOR: [&str; 2] = ["list_shards", "count_orphans"];

/// Neither rows nor tables are named.
const WITHOUT_ROWS: [&str; 20] = [
    "wait_long",
    "server_encoding",
    "has_schema",
    "lock_migrations",
    "number_consents",
    "number_journal",
    "begin_reading",
    "set_next_number",
    "is_copying",
    "make_copying",
    "begin_copying",
    "read_copying",
    "note_copied",
    "end_copying",
    "has_citus",
    "find_settle_interval",
    "keep_plans",
    "is_placed",
    "place_one_by_one",
    "clear_local_copy",
];

/// Clock, chance and locks beside rows do not repeat; the others are forms that Citus refuses, or whose plan rests on
/// statistics (docs/adr/010).
const REFUSED: [&str; 11] = [
    "now()",
    "current_timestamp",
    "clock_timestamp",
    "random()",
    "gen_random_uuid",
    "advisory_lock",
    "merge into",
    "= any",
    " in (select",
    "update profiles set",
    "select distinct on",
];

/// String literals of a source text, with the line breaks that `\n` and a trailing `\` stand for.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|next| *next != '\n').is_some() {},
            // A character: `'"'` opens no text.
            '\'' if rest.next_if_eq(&'"').is_some() => {
                rest.next_if_eq(&'\'');
            }
            '"' => {
                let mut text = String::new();
                while let Some(next) = rest.next() {
                    match (next, rest.peek()) {
                        ('"', _) => break,
                        ('\\', Some('\n')) => while rest.next_if(|next| next.is_whitespace()).is_some() {},
                        ('\\', Some('n')) => {
                            rest.next();
                            text.push('\n');
                        }
                        ('\\', Some(_)) => text.extend(rest.next()),
                        _ => text.push(next),
                    }
                }
                found.push(text);
            }
            _ => {}
        }
    }
    found
}

fn sources(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            all.push_str(&sources(&path));
        } else {
            all.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    all
}

/// Name and text of every statement; `{..}` of texts that are put together, and pieces of macros, stay as written.
fn statements() -> Vec<(String, String)> {
    let source = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let texts = literals(&source).into_iter().filter(|text| text.starts_with("-- ") && text.contains('\n'));
    texts
        .map(|text| {
            let (name, body) = text[3..].split_once('\n').unwrap();
            (name.to_owned(), body.to_lowercase())
        })
        .collect()
}

fn is_about_one_shard(body: &str) -> bool {
    ["sk = $1", "select $1", "values ($1", "$1::bigint as sk", "{put}"].iter().any(|form| body.contains(form))
}

#[test]
fn every_statement_is_about_one_shard() {
    let statements = statements();
    assert!(statements.len() > 70, "only {} statements were found", statements.len());
    for (name, body) in &statements {
        let listed = [&OVER_ALL_SHARDS[..], &OF_DOCTOR, &WITHOUT_ROWS].concat().contains(&name.as_str());
        let tables = body.split([' ', '(', ')', ',', ';']).any(|word| CONFIGURATION.contains(&word));
        let counted = name.starts_with("count_");
        assert!(listed || tables || counted || is_about_one_shard(body), "{name}: {body}");
    }
}

/// What changes or deletes a set finds its shard by the one condition that becomes `$1` on Citus; else the statement would
/// go to every shard.
#[test]
fn changes_of_sets_can_be_routed() {
    let mut sets = 0;
    for (name, body) in statements() {
        if body.contains("$1::bigint as sk") || (body.starts_with("delete from") && body.contains(" using "))
        {
            assert!(body.contains("where t.sk = v.sk"), "{name}: {body}");
            sets += 1;
        }
    }
    assert!(sets > 10, "only {sets} were found");
}

/// Citus counts the rows it was given, also those that ON CONFLICT left alone: statements whose count is looked at return
/// what they wrote.
#[test]
fn upserts_that_are_counted_return_their_rows() {
    let counted = [
        "claim_identifiers",
        "insert_friendships",
        "put_friendships",
        "append_inbox",
        "insert_address_states",
        "put_address_states",
    ];
    let statements = statements();
    for name in counted {
        let (_, body) = statements.iter().find(|(known, _)| known == name).unwrap();
        assert!(body.contains("on conflict") && body.ends_with("returning 1"), "{name}: {body}");
    }
}

#[test]
fn no_statement_has_a_form_that_is_refused() {
    for (name, body) in statements() {
        for refused in REFUSED {
            assert!(!body.contains(refused) || name == "lock_migrations", "{name}: {refused}");
        }
        // Rows of different shards cannot be compared: where they must, on plain PostgreSQL only.
        assert!(!body.contains("not exists (") || name == "count_orphans", "{name}: not exists");
        // A row stays in its shard.
        let set = body.split(" set ").nth(1).unwrap_or_default();
        assert!(!set.starts_with("sk =") && !set.contains(", sk ="), "{name} moves a row to another shard");
        if body.contains("for update") {
            let reference = CONFIGURATION.iter().any(|table| body.contains(&format!("from {table}")));
            assert!(reference || body.contains("sk = $1"), "{name} locks over several shards");
        }
    }
}

/// What the two tests above rest on.
#[test]
fn texts_are_read_as_the_compiler_reads_them() {
    let source = r#"'"' // "no"
        const A: &str = "-- a\nSELECT \"x\" \
            FROM t"; "#;
    assert_eq!(literals(source), ["-- a\nSELECT \"x\" FROM t"]);
}
