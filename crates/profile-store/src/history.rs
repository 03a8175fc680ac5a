//! `GET /users/{braze_id}/history`: why this is one person.

use std::collections::BTreeMap;
use std::sync::Arc;

use profile_model::{
    Actor, Config, How, JournalEntry, JournalKind, Keys, LineUserId, Made, MergeId, MergeRecord, Profile,
    ProfileId, Timestamp, WorkspaceId,
};
use serde_json::{Value, json};

use crate::{Fault, ProfileStore};

/// The life of one person: creations, joins, partings and changes of identifiers, oldest first.
#[derive(Debug)]
pub struct History {
    /// Whose: the survivor, if the id asked for was merged away.
    pub profile: Arc<Profile>,
    /// `{"at","kind","actor","cause","merge_id"?,..}` each.
    pub entries: Vec<Value>,
}

impl ProfileStore {
    /// The history of a profile, merged predecessors included; `None`: nobody has this id.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn history(&self, workspace: WorkspaceId, id: ProfileId) -> Result<Option<History>, Fault> {
        let Some(profile) = self.person(workspace, id).await? else { return Ok(None) };
        let sides: Vec<_> = profile.sides().collect();
        let journal = self.backend().load_journal(workspace, &sides).await?;
        let keys = Keys { merges_of: sides, ..Keys::default() };
        let merges = self.backend().load(workspace, &keys).await?.merges;
        let config = self.config().await?;
        let creations = creations(&profile, &journal, &merges);
        let mut entries: Vec<(Timestamp, Value)> = Vec::new();
        let is_of_its_own =
            |entry: &&JournalEntry| !creations.iter().any(|creation| creation.is_kept_apart(entry));
        entries.extend(journal.iter().filter(is_of_its_own).map(|entry| (entry.at, render(entry, &config))));
        entries.extend(creations.iter().flat_map(|creation| creation.render(&journal, &config)));
        entries.sort_by_key(|(at, _)| *at);
        Ok(Some(History { profile, entries: entries.into_iter().map(|(_, entry)| entry).collect() }))
    }
}

/// The creation of the person and of everybody merged into it, each once.
fn creations(
    profile: &Profile,
    journal: &[JournalEntry],
    merges: &BTreeMap<MergeId, Option<MergeRecord>>,
) -> Vec<Creation> {
    let mut known: BTreeMap<ProfileId, Creation> = BTreeMap::new();
    known.insert(profile.id, Creation::of(profile));
    let is_side = |id: &ProfileId| profile.merged.iter().any(|side| side.profile == *id);
    for (id, made) in journal.iter().filter_map(Made::told_by).filter(|(id, _)| is_side(id)) {
        known.insert(id, Creation { profile: id, made, line_id: None });
    }
    // Entries from before they told it: from the image, as long as it is there.
    let images = merges.values().flatten().filter_map(|record| record.removed_image.as_ref());
    for image in images.filter(|image| is_side(&image.id)) {
        known.entry(image.id).or_insert_with(|| Creation::of(image));
    }
    known.into_values().collect()
}

/// The creation of a profile, and the LINE ID that it was made with.
struct Creation {
    profile: ProfileId,
    made: Made,
    /// The LINE ID that it has; that of a merged profile is told by the journal.
    line_id: Option<LineUserId>,
}

impl Creation {
    fn of(profile: &Profile) -> Self {
        Self { profile: profile.id, made: Made::of(profile), line_id: profile.line_id.clone() }
    }

    /// Whether an entry says that the profile was made for a follower who was kept apart: of the moment in which it was made,
    /// and without the LINE ID, which the entry of the one that lost it tells.
    fn is_kept_apart(&self, entry: &JournalEntry) -> bool {
        entry.kind == JournalKind::LineFollowerKeptApart
            && (entry.profile, entry.at) == (self.profile, self.made.at)
            && entry.detail.get("native_line_id").is_none()
    }

    fn render(&self, journal: &[JournalEntry], config: &Config) -> Vec<(Timestamp, Value)> {
        let (at, origin) = (self.made.at, self.made.actor.as_ref());
        let actor = origin.map(|origin| actor(origin, config));
        let cause = origin.map_or("made before its maker was kept", |origin| door(&origin.kind));
        let mut created = json!({
            "at": at, "kind": "created", "braze_id": self.profile, "actor": actor, "cause": cause,
        });
        if let Some(apart) = journal.iter().find(|entry| self.is_kept_apart(entry)) {
            created["cause"] = json!("a follower was kept apart, who would have lost its last profile");
            if let Some(other) = apart.other {
                created["other_braze_id"] = json!(other);
            }
        }
        let mut entries = vec![created];
        if let Some(line_id) = self.made_with(journal) {
            entries.push(json!({
                "at": at, "kind": JournalKind::LineLinked, "braze_id": self.profile, "actor": actor,
                "cause": "it was made with this LINE ID", "native_line_id": line_id, "before": null,
            }));
        }
        entries.into_iter().map(|entry| (at, entry)).collect()
    }

    /// The LINE ID that the profile was made with: what the first entry that tells one says it had until then; where no
    /// entry does, the one it has.
    fn made_with(&self, journal: &[JournalEntry]) -> Option<String> {
        let told = |entry: &JournalEntry| -> Option<Value> {
            let (is_of_it, detail) = (entry.profile == self.profile, &entry.detail);
            let until_then = match entry.kind {
                JournalKind::LineLinked | JournalKind::LineUnlinked if is_of_it => &detail["before"],
                JournalKind::Merged if is_of_it => &detail["kept"]["native_line_id"],
                JournalKind::Merged if entry.other == Some(self.profile) => {
                    &detail["removed"]["native_line_id"]
                }
                _ => return None,
            };
            Some(until_then.clone())
        };
        // Of one moment the entries are in the order in which they were written.
        let first = journal.iter().filter_map(|entry| Some((entry.at, told(entry)?)));
        let first = first.min_by_key(|(at, _)| *at);
        match first {
            Some((_, told)) => told.as_str().map(str::to_owned),
            None => self.line_id.as_ref().map(|id| id.as_str().to_owned()),
        }
    }
}

fn render(entry: &JournalEntry, config: &Config) -> Value {
    let mut rendered = json!({
        "at": entry.at, "kind": entry.kind, "braze_id": entry.profile, "actor": actor(&entry.actor, config),
        "cause": cause(entry),
    });
    if let Some(other) = entry.other {
        rendered["other_braze_id"] = json!(other);
    }
    if let (Some(into), Some(detail)) = (rendered.as_object_mut(), entry.detail.as_object()) {
        // How the other was made is an entry of its own.
        let told = detail.iter().filter(|(name, _)| *name != "made");
        into.extend(told.map(|(name, value)| (name.clone(), value.clone())));
    }
    rendered
}

/// Keys by their name, rows of an import by their line: a person reads this.
fn actor(actor: &Actor, config: &Config) -> Value {
    if let ("import", Some((import, line))) = (actor.kind.as_str(), actor.row()) {
        return json!({"kind": actor.kind, "reference": import, "name": null, "line": line});
    }
    let key = || config.keys.values().find(|key| Some(key.id.to_string()) == actor.reference);
    let name = if actor.kind == "api" { key().map(|key| key.name.clone()) } else { None };
    json!({"kind": actor.kind, "reference": actor.reference, "name": name})
}

fn door(kind: &str) -> &'static str {
    match kind {
        "api" => "an API request named an unknown user",
        "import" => "a row of an import named an unknown user",
        "line_event" => "LINE sent an event of an unknown LINE ID",
        "line_sync" => "the follower list had an unknown LINE ID",
        _ => "an operator asked for it",
    }
}

fn cause(entry: &JournalEntry) -> &'static str {
    let how = entry.detail.get("how").and_then(|how| serde_json::from_value::<How>(how.clone()).ok());
    let by = entry.detail.get("by").and_then(Value::as_str);
    match (entry.kind, how) {
        (JournalKind::Merged, Some(How::Merge)) => "a request named the two as one person",
        (JournalKind::Merged, Some(How::Identify)) => {
            "a request identified the anonymous profile as this user"
        }
        (JournalKind::Merged, Some(How::Duplicates)) => match by {
            Some("email") => "a rule found the two sharing an email address",
            Some("phone") => "a rule found the two sharing a phone number",
            Some("native_line_id") => "a rule found the two sharing a LINE ID",
            // Of merges from before it was kept.
            _ => "a rule found the two sharing a value",
        },
        (JournalKind::Merged, Some(How::Convergence)) => {
            "a follower and one identified user had the same LINE ID"
        }
        (JournalKind::Merged, Some(How::TakenBack)) => {
            "an undo took back the follower whom the merge had kept apart"
        }
        (JournalKind::Merged, None) => "two profiles became one",
        (JournalKind::LineLinked, _) => "a LINE ID was set",
        (JournalKind::LineUnlinked, _) => "the LINE ID was taken away",
        (JournalKind::AliasMovedAway, _) => "the alias of a LINE ID follows the LINE ID",
        (JournalKind::Identified, _) => "a request gave the anonymous profile an unused external id",
        (JournalKind::Undone, _) => "the merge was undone",
        (JournalKind::AliasAdded, Some(How::Convergence)) => "the alias of a LINE ID came with the LINE ID",
        (JournalKind::AliasAdded, _) => "a request added an alias",
        (JournalKind::AliasRenamed, _) => "a request gave an alias another name",
        (JournalKind::ExternalIdRenamed, _) => {
            "a request renamed the external id; the old one still leads here"
        }
        (JournalKind::ExternalIdRemoved, _) => "a request removed a deprecated external id",
        (JournalKind::MergedIdReleased, _) => "the external id of a merged profile is free again",
        (JournalKind::LineFollowerKeptApart, _) => "a follower must not lose its last profile",
    }
}
