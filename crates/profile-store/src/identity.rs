//! Identity: identify, merge, aliases, renames, removals, and undo. Parse, load, decide, apply.

use profile_model::{
    Actor, Decision, ElementError, IdOutcome, IdentifyArray, IdentityFault, IdentityReport, Keys, Loaded,
    Manner, MergeId, Occasion, Parsed, Plan, UndoOutcome, WorkspaceId, alias_update_keys,
    decide_alias_updates, decide_identify, decide_merges, decide_new_aliases, decide_removals,
    decide_renames, decide_undo, identify_keys, merge_keys, new_alias_keys, parse_alias_updates,
    parse_identify, parse_merges, parse_new_aliases, parse_removals, parse_renames, removal_keys,
    rename_keys, undo_keys,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Fault, ProfileStore, Work};

/// How the caller wants a request carried out.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Only say what would be done.
    pub dry_run: bool,
    /// Do exactly what an earlier dry run said, or nothing.
    pub plan: Option<Plan>,
}

/// What an identity request did.
#[derive(Debug)]
pub struct IdentityAnswer {
    /// Outcomes and plan.
    pub report: IdentityReport,
    /// Malformed elements.
    pub errors: Vec<ElementError>,
    /// Acceptable elements per array, in the order of the arrays of the call.
    pub accepted: Vec<(&'static str, usize)>,
}

/// What a rename or removal request did.
#[derive(Debug)]
pub struct IdsAnswer {
    /// Per element of the request, in order: the id that stands or went, or why not.
    pub outcomes: Vec<(u32, Result<String, String>)>,
    /// Outcomes of the acceptable elements, and plan.
    pub report: IdentityReport,
}

/// Why an identity request did nothing.
#[derive(Debug)]
pub enum IdentityError {
    /// The body as a whole is not acceptable (400).
    Request(IdentityFault),
    /// No element is acceptable (400).
    NothingValid(Vec<ElementError>),
    /// The plan does not hold any more (409).
    PlanStale,
    /// The store could not do it (5xx).
    Fault(Fault),
}

impl From<Fault> for IdentityError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<IdentityFault> for IdentityError {
    fn from(fault: IdentityFault) -> Self {
        Self::Request(fault)
    }
}

/// A decision over a batch.
type Decide<T> = fn(&[T], &Loaded, &Occasion, &Manner) -> (Decision, IdentityReport);

/// An operation: its name, what it loads, its decision, and what it counts as accepted (`None`: every element).
type Operation<T> = (&'static str, Keys, Decide<T>, Option<Vec<(&'static str, usize)>>);

impl ProfileStore {
    /// `POST /users/identify`.
    ///
    /// # Errors
    /// See [`IdentityError`]; in each case nothing was written.
    pub async fn identify(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: &Value,
        wish: Wish,
    ) -> Result<IdentityAnswer, IdentityError> {
        let occasion = self.occasion(workspace, actor).await?;
        let parsed = parse_identify(body, &occasion.settings)?;
        let count = |array: IdentifyArray| parsed.items.iter().filter(|item| item.array == array).count();
        let accepted = [IdentifyArray::Aliases, IdentifyArray::Emails, IdentifyArray::Phones]
            .map(|array| (array.as_str(), count(array)));
        let keys = identify_keys(&parsed.items);
        let operation: Operation<_> = ("identify", keys, decide_identify, Some(accepted.into()));
        self.identity(workspace, occasion, body, wish, parsed, operation).await
    }

    /// `POST /users/merge`.
    ///
    /// # Errors
    /// See [`IdentityError`]; in each case nothing was written.
    pub async fn merge(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: &Value,
        wish: Wish,
    ) -> Result<IdentityAnswer, IdentityError> {
        let occasion = self.occasion(workspace, actor).await?;
        let items = parse_merges(body, &occasion.settings)?;
        let keys = merge_keys(&items);
        let parsed = Parsed { items, errors: Vec::new() };
        self.identity(workspace, occasion, body, wish, parsed, ("merge", keys, decide_merges, None)).await
    }

    /// `POST /users/alias/new`.
    ///
    /// # Errors
    /// See [`IdentityError`]; in each case nothing was written.
    pub async fn new_aliases(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: &Value,
        wish: Wish,
    ) -> Result<IdentityAnswer, IdentityError> {
        let occasion = self.occasion(workspace, actor).await?;
        let parsed = parse_new_aliases(body)?;
        let keys = new_alias_keys(&parsed.items);
        self.identity(workspace, occasion, body, wish, parsed, ("alias_new", keys, decide_new_aliases, None))
            .await
    }

    /// `POST /users/alias/update`.
    ///
    /// # Errors
    /// See [`IdentityError`]; in each case nothing was written.
    pub async fn update_aliases(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: &Value,
        wish: Wish,
    ) -> Result<IdentityAnswer, IdentityError> {
        let occasion = self.occasion(workspace, actor).await?;
        let parsed = parse_alias_updates(body)?;
        let keys = alias_update_keys(&parsed.items);
        self.identity(
            workspace,
            occasion,
            body,
            wish,
            parsed,
            ("alias_update", keys, decide_alias_updates, None),
        )
        .await
    }

    async fn identity<T: Send + Sync + 'static>(
        &self,
        workspace: WorkspaceId,
        occasion: Occasion,
        body: &Value,
        wish: Wish,
        parsed: Parsed<T>,
        (name, keys, decide, accepted): Operation<T>,
    ) -> Result<IdentityAnswer, IdentityError> {
        let Parsed { items, errors } = parsed;
        if items.is_empty() {
            return Err(IdentityError::NothingValid(errors));
        }
        let dry_run = wish.dry_run;
        let manner = manner(name, body, wish);
        let accepted = accepted.unwrap_or_else(|| vec![("", items.len())]);
        let mut keys = keys;
        occasion.remember(&mut keys);
        let decide = move |loaded: &Loaded| {
            let (decision, report) = decide(&items, loaded, &occasion, &manner);
            (decision, answered(report, &errors, &accepted))
        };
        self.decide_identity(Work::new(name, workspace, keys), dry_run, decide).await
    }

    /// A dry run has no answer worth keeping.
    pub(crate) async fn decide_identity<T: Send + 'static>(
        &self,
        work: Work,
        dry_run: bool,
        decide: impl FnMut(&Loaded) -> (Decision, Result<T, IdentityError>) + Send + 'static,
    ) -> Result<T, IdentityError> {
        let done =
            if dry_run { self.decide(work, decide).await } else { self.decide_once(work, decide).await };
        done?.0
    }

    /// `POST /users/external_ids/rename`.
    ///
    /// # Errors
    /// See [`IdentityError`]; in each case nothing was written.
    pub async fn rename_external_ids(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: &Value,
        wish: Wish,
    ) -> Result<IdsAnswer, IdentityError> {
        let occasion = self.occasion(workspace, actor).await?;
        let dry_run = wish.dry_run;
        let manner = manner("rename", body, wish);
        let Parsed { items, errors } = parse_renames(body)?;
        let mut keys = rename_keys(&items);
        occasion.remember(&mut keys);
        let indexes: Vec<_> = items.iter().map(|item| item.index).collect();
        let decide = move |loaded: &Loaded| {
            let (decision, (outcomes, report)) = decide_renames(&items, loaded, &occasion, &manner);
            (decision, ids_answer(&indexes, outcomes, &errors, report))
        };
        self.decide_identity(Work::new("rename", workspace, keys), dry_run, decide).await
    }

    /// `POST /users/external_ids/remove`.
    ///
    /// # Errors
    /// See [`IdentityError`]; in each case nothing was written.
    pub async fn remove_external_ids(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        body: &Value,
        wish: Wish,
    ) -> Result<IdsAnswer, IdentityError> {
        let occasion = self.occasion(workspace, actor).await?;
        let dry_run = wish.dry_run;
        let manner = manner("remove_ids", body, wish);
        let Parsed { items, errors } = parse_removals(body)?;
        let keys = removal_keys(&items);
        let indexes: Vec<_> = items.iter().map(|(index, _)| *index).collect();
        let decide = move |loaded: &Loaded| {
            let (decision, (outcomes, report)) = decide_removals(&items, loaded, &occasion, &manner);
            (decision, ids_answer(&indexes, outcomes, &errors, report))
        };
        self.decide_identity(Work::new("remove_ids", workspace, keys), dry_run, decide).await
    }

    /// Takes a merge apart.
    ///
    /// # Errors
    /// When the backend faults; a refusal is an outcome.
    pub async fn undo_merge(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        merge: MergeId,
        allow_rejoin: bool,
    ) -> Result<UndoOutcome, Fault> {
        let occasion = self.occasion(workspace, actor).await?;
        let decide = move |loaded: &Loaded| decide_undo(merge, allow_rejoin, loaded, &occasion);
        Ok(self.decide_once(Work::new("undo", workspace, undo_keys(merge)), decide).await?.0)
    }
}

/// The answer, unless the plan did not hold.
pub(crate) fn answered(
    report: IdentityReport,
    errors: &[ElementError],
    accepted: &[(&'static str, usize)],
) -> Result<IdentityAnswer, IdentityError> {
    if report.stale {
        return Err(IdentityError::PlanStale);
    }
    Ok(IdentityAnswer { report, errors: errors.to_vec(), accepted: accepted.to_vec() })
}

fn ids_answer(
    indexes: &[u32],
    outcomes: Vec<IdOutcome>,
    errors: &[ElementError],
    report: IdentityReport,
) -> Result<IdsAnswer, IdentityError> {
    if report.stale {
        return Err(IdentityError::PlanStale);
    }
    let decided =
        indexes.iter().zip(outcomes).map(|(index, outcome)| (*index, outcome.map_err(str::to_owned)));
    let malformed = errors.iter().map(|error| (error.index, Err(error.message.clone())));
    let mut outcomes: Vec<_> = decided.chain(malformed).collect();
    outcomes.sort_by_key(|(index, _)| *index);
    Ok(IdsAnswer { outcomes, report })
}

/// A plan is for one operation with one body: what says only how to carry it out is left out.
pub(crate) fn manner(operation: &str, body: &Value, wish: Wish) -> Manner {
    let mut body = body.clone();
    if let Some(body) = body.as_object_mut() {
        for name in ["dry_run", "plan", "explain"] {
            body.remove(name);
        }
    }
    Manner { dry_run: wish.dry_run, request: request_hash(operation, &body), plan: wish.plan }
}

/// SHA-256 of an operation and what it says.
pub(crate) fn request_hash(operation: &str, body: &Value) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(operation.as_bytes());
    hash.update([0]);
    hash.update(body.to_string().as_bytes());
    hash.finalize().into()
}
