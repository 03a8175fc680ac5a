//! The policy that `cargo deny check` reads. That tool is not needed for our tests, so a broken policy would go unseen
//! until somebody runs it: it is parsed here.

use toml::{Table, Value};

/// Where the tool finds it (it looks for `deny.toml`, `.deny.toml` and this, in this order).
pub(crate) const PATH: &str = ".cargo/deny.toml";

/// Sections that the tool knows.
const SECTIONS: &[&str] = &["graph", "output", "advisories", "bans", "licenses", "sources"];

/// Lists of exceptions; each entry must say why it is one.
const EXCEPTIONS: &[(&str, &str)] =
    &[("advisories", "ignore"), ("bans", "skip"), ("bans", "skip-tree"), ("bans", "deny")];

/// What is wrong with the policy: not TOML, an unknown or missing section, or an exception without `reason`.
pub(crate) fn find_faults(policy: &str) -> Vec<String> {
    let policy: Table = match policy.parse() {
        Ok(policy) => policy,
        Err(error) => return vec![format!("{PATH}: {error}")],
    };
    let unknown = policy.keys().filter(|name| !SECTIONS.contains(&name.as_str()));
    let mut findings: Vec<_> = unknown.map(|name| format!("{PATH}: there is no section [{name}]")).collect();
    for needed in ["advisories", "bans", "licenses", "sources"] {
        if !policy.contains_key(needed) {
            findings.push(format!("{PATH}: section [{needed}] is missing"));
        }
    }
    for (section, list) in EXCEPTIONS {
        let entries = policy.get(*section).and_then(|section| section.get(list)).and_then(Value::as_array);
        for (index, entry) in entries.into_iter().flatten().enumerate() {
            if entry.get("reason").and_then(Value::as_str).is_none_or(str::is_empty) {
                findings.push(format!("{PATH}: {section}.{list}[{index}] has no reason"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "[advisories]\n[licenses]\nallow = []\n[sources]\n[bans]\n";

    #[test]
    fn a_policy_with_all_sections_and_reasons_is_fine() {
        let skip = "skip = [{ crate = \"syn@2\", reason = \"serde moves later\" }]";
        assert_eq!(find_faults(&format!("{WHOLE}{skip}")), Vec::<String>::new());
    }

    #[test]
    fn broken_text_unknown_sections_and_missing_sections_are_found() {
        assert_eq!(find_faults("[bans").len(), 1);
        assert_eq!(find_faults(&format!("{WHOLE}[licences]")).len(), 1);
        assert_eq!(find_faults("[bans]").len(), 3);
    }

    #[test]
    fn an_exception_without_a_reason_is_found() {
        assert_eq!(
            find_faults(&format!("{WHOLE}skip = [\"syn\", {{ crate = \"a\", reason = \"\" }}]")).len(),
            2
        );
    }
}
