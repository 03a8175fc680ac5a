//! docs/braze-compatibility.md against the tests: a row names tests that exist and cite its rule, and a rule that a test
//! cites has a row.

use std::collections::{BTreeMap, BTreeSet};

/// Where the table stands.
pub(crate) const PATH: &str = "docs/braze-compatibility.md";

/// Kinds of rules that the table is about.
const KINDS: [&str; 21] = [
    "GEN", "RL", "CLI", "TRK", "SYN", "BLK", "SSG", "SUS", "SST", "SV2", "SUB", "ATT", "PHN", "DAT", "CAT",
    "ARR", "NST", "PTI", "EVT", "PUR", "EXP",
];

/// What is wrong; empty means that page and tests agree. `sources` are Rust files: path and text.
pub(crate) fn find_faults(page: &str, sources: &[(String, String)]) -> Vec<String> {
    let mut cited = BTreeMap::<String, BTreeSet<String>>::new();
    for (_, text) in sources {
        for (test, rules) in tests(text) {
            for rule in rules {
                cited.entry(rule).or_default().insert(test.clone());
            }
        }
    }
    let mut findings = Vec::new();
    let mut listed = BTreeSet::new();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [rule, status, what, tests] = cells[..] else {
            findings.push(format!("{PATH}: a row has not four cells: {row}"));
            continue;
        };
        let rule = rule.trim_matches('`');
        if !listed.insert(rule.to_owned()) {
            findings.push(format!("{PATH}: {rule} stands there twice"));
        }
        let named: Vec<_> =
            tests.split(", ").map(|test| test.trim_matches('`')).filter(|test| *test != "-").collect();
        match status {
            "holds" | "differs" if named.is_empty() => findings.push(format!("{PATH}: {rule} names no test")),
            "out of scope" if what.is_empty() => findings.push(format!("{PATH}: {rule} gives no reason")),
            "holds" | "differs" | "out of scope" => {}
            other => findings.push(format!("{PATH}: {rule} has the status '{other}'")),
        }
        let known = cited.get(rule);
        let odd = named.into_iter().filter(|test| !known.is_some_and(|known| known.contains(*test)));
        findings
            .extend(odd.map(|test| format!("{PATH}: {rule} names {test}, which is no test that cites it")));
    }
    let unlisted = cited.keys().filter(|rule| !listed.contains(*rule));
    findings.extend(unlisted.map(|rule| format!("{PATH}: a test cites {rule}, which has no row")));
    findings
}

/// Tests of a file with the rules they cite, in the comments above them or inside.
fn tests(text: &str) -> Vec<(String, BTreeSet<String>)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut head: Vec<&str> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        if code.starts_with("///") || code.starts_with("#[") {
            head.push(code);
            continue;
        }
        let is_test =
            head.iter().any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"));
        if let Some(name) = function(code).filter(|_| is_test) {
            let end = format!("{}}}", &line[..line.len() - code.len()]);
            let body = lines[number..].iter().take_while(|line| !line.starts_with(&end));
            let rules = head.iter().chain(body).flat_map(|line| rules(line)).collect();
            found.push((name.to_owned(), rules));
        }
        if !code.is_empty() && !code.starts_with("//") {
            head.clear();
        }
    }
    found
}

fn function(code: &str) -> Option<&str> {
    let code = code.strip_prefix("pub ").unwrap_or(code);
    let code = code.strip_prefix("async ").unwrap_or(code).strip_prefix("fn ")?;
    code.split(['(', '<']).next()
}

/// Rule ids in a line.
fn rules(line: &str) -> Vec<String> {
    let words = line.split(|character: char| !character.is_ascii_alphanumeric() && character != '-');
    let is_rule = |word: &&str| {
        word.split_once('-').is_some_and(|(kind, number)| {
            KINDS.contains(&kind) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    words.filter(is_rule).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "    /// TRK-2, OPEN-4: a limit.\n    #[test]\n    fn a_limit() {\n        // GEN-6\n        let x = 1;\n    }\n\n    /// TRK-9\n    fn no_test() {}\n";

    fn faults(page: &str) -> Vec<String> {
        find_faults(page, &[("a.rs".to_owned(), SOURCE.to_owned())])
    }

    #[test]
    fn a_page_that_agrees_has_no_faults() {
        let page = "| rule | status | what | tests |\n| --- | --- | --- | --- |\n| `TRK-2` | holds | x | `a_limit` |\n\
                    | `GEN-6` | differs | x | `a_limit` |\n| `TRK-15` | out of scope | about an SDK | - |\n";
        assert_eq!(faults(page), Vec::<String>::new());
    }

    #[test]
    fn every_disagreement_is_told() {
        let page =
            "| `TRK-2` | holds | x | - |\n| `TRK-9` | holds | x | `no_test` |\n| `TRK-9` | maybe | x | - |\n";
        let told = faults(page).join("\n");
        for fault in [
            "TRK-2 names no test",
            "TRK-9 names no_test, which is no test",
            "TRK-9 stands there twice",
            "the status 'maybe'",
            "a test cites GEN-6, which has no row",
        ] {
            assert!(told.contains(fault), "{fault} is missing in:\n{told}");
        }
    }
}
