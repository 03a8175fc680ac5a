//! Random identity calls.

use profile_model::{Actor, DuplicatesBy, DuplicatesRule, KeepBy, KeepOrder, MergeId, Review, WorkspaceId};
use serde_json::{Value, json};

use super::operations::Dice;
use crate::{Fault, IdentityAnswer, IdentityError, ProfileStore, Wish};

/// An identity call, mostly as its request body.
#[derive(Clone, Debug)]
pub enum Call {
    /// `/users/identify`
    Identify(Value),
    /// `/users/merge`
    Merge(Value),
    /// `/users/alias/new`
    NewAliases(Value),
    /// `/users/alias/update`
    UpdateAliases(Value),
    /// `/users/external_ids/rename`
    Rename(Value),
    /// `/users/external_ids/remove`
    Remove(Value),
    /// Undo of one of the merges made so far, counted from the newest; whether it may be joined again.
    Undo(usize, bool),
    /// A run of a rule over duplicates, to its end.
    Duplicates(DuplicatesRule),
    /// `/users/delete`
    Delete(Value),
    /// Lifting of the first suppression.
    Lift,
    /// The review of the first parked group.
    Review(Review),
}

/// What later operations need to know of earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    merges: Vec<MergeId>,
}

impl Memory {
    /// Takes over what operations after these remember.
    pub fn absorb(&mut self, later: Self) {
        self.merges.extend(later.merges);
    }

    fn keep(&mut self, answer: Result<IdentityAnswer, IdentityError>) -> Result<(), Fault> {
        match answer {
            Ok(answer) => {
                self.merges.extend(answer.report.outcomes.iter().filter_map(|outcome| outcome.merge));
                Ok(())
            }
            Err(IdentityError::Fault(fault)) => Err(fault),
            Err(_) => Ok(()),
        }
    }
}

pub(super) async fn perform_call(
    store: &ProfileStore,
    workspace: WorkspaceId,
    call: Call,
    memory: &mut Memory,
) -> Result<(), Fault> {
    let (actor, wish) = (Actor::new("api", "test"), Wish::default());
    match call {
        Call::Identify(body) => memory.keep(store.identify(workspace, actor, &body, wish).await)?,
        Call::Merge(body) => memory.keep(store.merge(workspace, actor, &body, wish).await)?,
        Call::NewAliases(body) => memory.keep(store.new_aliases(workspace, actor, &body, wish).await)?,
        Call::UpdateAliases(body) => {
            memory.keep(store.update_aliases(workspace, actor, &body, wish).await)?;
        }
        Call::Rename(body) => {
            if let Err(IdentityError::Fault(fault)) =
                store.rename_external_ids(workspace, actor, &body, wish).await
            {
                return Err(fault);
            }
        }
        Call::Remove(body) => {
            if let Err(IdentityError::Fault(fault)) =
                store.remove_external_ids(workspace, actor, &body, wish).await
            {
                return Err(fault);
            }
        }
        Call::Duplicates(rule) => {
            let run = store.start_duplicates(workspace, actor, rule).await?;
            store.run_duplicates(workspace, run, |_| true).await?;
        }
        Call::Delete(body) => memory.keep(store.delete(workspace, actor, &body, wish).await)?,
        Call::Lift => {
            if let Some(suppression) = store.suppressions(workspace, None, 1).await?.first() {
                store.lift_suppression(workspace, suppression.id).await?;
            }
        }
        Call::Review(review) => {
            if let Some(group) = store.parked(workspace, None, 1).await?.first() {
                store.review_parked(workspace, actor, group.id, review).await?;
            }
        }
        Call::Undo(back, allow_rejoin) => {
            let chosen = memory.merges.len().checked_sub(1 + back).and_then(|at| memory.merges.get(at));
            if let Some(merge) = chosen {
                store.undo_merge(workspace, actor, *merge, allow_rejoin).await?;
            }
        }
    }
    Ok(())
}

impl Dice {
    pub(super) fn call(&mut self) -> Call {
        match self.roll(14) {
            11 | 12 => Call::Delete(match self.roll(3) {
                0 => {
                    json!({"external_ids": [self.customer(), self.customer()], "suppress": self.roll(4) == 0})
                }
                1 => json!({"user_aliases": [self.alias()], "suppress": self.roll(4) == 0}),
                _ => json!({"email_addresses": [{
                    "email": format!("person{}@example.com", self.roll(5)),
                    "prioritization": ["most_recently_updated"],
                }]}),
            }),
            13 => Call::Lift,
            8 | 9 => Call::Duplicates(DuplicatesRule {
                by: [DuplicatesBy::NativeLineId, DuplicatesBy::Email, DuplicatesBy::Phone]
                    [self.roll(3) as usize],
                keep: [KeepBy::Created, KeepBy::Updated, KeepBy::LastSession][self.roll(3) as usize],
                order: [KeepOrder::Newest, KeepOrder::Oldest][self.roll(2) as usize],
                merge_identified: self.roll(2) == 0,
            }),
            10 => Call::Review(if self.roll(3) == 0 { Review::Dismiss } else { Review::Release }),
            0 | 1 => Call::Identify(self.identify()),
            2 | 3 => Call::Merge(json!({"merge_updates": [
                {"identifier_to_merge": self.side(), "identifier_to_keep": self.side()},
                {"identifier_to_merge": self.side(), "identifier_to_keep": self.side()},
            ]})),
            4 => self.aliases(),
            5 => Call::Rename(json!({"external_id_renames": [
                {"current_external_id": self.customer(), "new_external_id": self.customer()},
                {
                    "current_external_id": self.customer(),
                    "new_external_id": format!("renamed-{}", self.roll(4)),
                },
            ]})),
            6 => Call::Remove(json!({"external_ids": [self.customer(), self.customer()]})),
            _ => Call::Undo(self.roll(3) as usize, self.roll(2) == 0),
        }
    }

    fn customer(&mut self) -> String {
        format!("customer-{}", self.roll(5))
    }

    fn alias(&mut self) -> Value {
        let number = self.roll(5);
        if self.roll(2) == 0 {
            json!({"alias_label": "web", "alias_name": format!("a{number}")})
        } else {
            json!({"alias_label": "line_id", "alias_name": format!("U{number:032x}")})
        }
    }

    fn priorities(&mut self) -> Value {
        [
            json!(["identified", "most_recently_updated"]),
            json!(["unidentified", "most_recently_updated"]),
            json!(["unidentified", "least_recently_updated"]),
            json!(["most_recently_updated"]),
            json!(["unidentified"]),
        ][self.roll(5) as usize]
            .clone()
    }

    fn side(&mut self) -> Value {
        match self.roll(4) {
            0 => json!({"external_id": self.customer()}),
            1 => json!({"user_alias": self.alias()}),
            2 => {
                json!({"email": format!("person{}@example.com", self.roll(5)), "prioritization": self.priorities()})
            }
            _ => {
                json!({"phone": format!("+8190123456{:02}", self.roll(5)), "prioritization": self.priorities()})
            }
        }
    }

    fn identify(&mut self) -> Value {
        json!({
            "aliases_to_identify": [{"external_id": self.customer(), "user_alias": self.alias()}],
            "emails_to_identify": [{
                "external_id": self.customer(), "email": format!("person{}@example.com", self.roll(5)),
                "prioritization": self.priorities(),
            }],
            "phone_numbers_to_identify": [{
                "external_id": self.customer(), "phone": format!("+8190123456{:02}", self.roll(5)),
                "prioritization": self.priorities(),
            }],
            "merge_behavior": if self.roll(4) == 0 { "none" } else { "merge" },
        })
    }

    fn aliases(&mut self) -> Call {
        let alias = self.alias();
        if self.roll(2) == 0 {
            let mut element = alias;
            if self.roll(3) > 0 {
                element["external_id"] = json!(self.customer());
            }
            return Call::NewAliases(json!({"user_aliases": [element]}));
        }
        let other = self.alias();
        Call::UpdateAliases(json!({"alias_updates": [{
            "alias_label": alias["alias_label"], "old_alias_name": alias["alias_name"],
            "new_alias_name": other["alias_name"],
        }]}))
    }
}
