//! One unit: loaded, decided, applied; and what of it may be loaded while the one before it is at work.

use std::panic::{AssertUnwindSafe, catch_unwind};

use profile_model::{ChangeSet, Decision, Keys, WorkspaceId};
use profile_store::{Applied, Fault, Unit, UnitCounts};

use crate::apply::{Ahead, apply, is_one_statement};
use crate::fault::{UnitFault, to_fault};
use crate::load::{Found, load};
use crate::statement::{Counted, Shared, plain};

/// How often a unit may lose against something that moved (another process' write between its load and apply cannot
/// happen inside BEGIN IMMEDIATE, so this is a guard), and how often it may ask for more.
const MAX_CONFLICTS: u32 = 3;
const MAX_ROUNDS: u32 = 4;

/// How a unit ended: what it wrote, if it wrote.
pub(super) type Ended = Result<(Applied, Option<Box<ChangeSet>>), UnitFault>;

/// A unit on its way to its turn.
pub(super) struct Turn {
    unit: Box<Unit>,
    /// What may be loaded before its turn: rows that units in a row seldom have in common.
    early: Keys,
    /// What is loaded at its turn: the row of a job, an answer, whatever is rare.
    rest: Keys,
    /// What was loaded before its turn.
    found: Option<Found>,
    statements: u32,
}

impl Turn {
    pub(super) fn of(mut unit: Box<Unit>) -> Self {
        let mut rest = std::mem::take(&mut unit.keys);
        let early = Keys {
            identifiers: std::mem::take(&mut rest.identifiers),
            profiles: std::mem::take(&mut rest.profiles),
            addresses: std::mem::take(&mut rest.addresses),
            line_users: std::mem::take(&mut rest.line_users),
            summaries: std::mem::take(&mut rest.summaries),
            summaries_of_holders: std::mem::take(&mut rest.summaries_of_holders),
            views: std::mem::take(&mut rest.views),
            ..Keys::default()
        };
        Self { unit, early, rest, found: None, statements: 0 }
    }

    /// Loads what may be loaded while another unit is at work.
    pub(super) async fn look_ahead(&mut self, connection: &Shared) {
        // What is read through profiles has no keys to tell by whether it is still so.
        if self.early.views || self.early == Keys::default() {
            return;
        }
        let mut counted = Counted::sharing(connection);
        let mut found = Found::default();
        // What went wrong goes wrong again at its turn, and is told there.
        let loaded = load(&mut counted, self.unit.workspace, &self.early, &mut found).await;
        self.statements += counted.statements;
        self.found = loaded.is_ok().then_some(found);
    }

    /// Forgets what was loaded before its turn if the unit before it changed some of it, or wrote what it then took back.
    pub(super) fn hear_of(&mut self, before: &Ended) {
        self.found.take_if(|found| match before {
            Ok((applied, _)) if applied.retries > 0 => true,
            Ok((_, change)) => change.as_ref().is_some_and(|change| is_disturbed(found, change)),
            Err(_) => true,
        });
    }

    /// Its turn.
    pub(super) async fn run(&mut self, connection: &Shared, ahead: &mut Ahead, counts: &UnitCounts) -> Ended {
        let mut counted = Counted::sharing(connection);
        counted.statements = self.statements;
        let mut retries = 0;
        loop {
            match self.try_once(&mut counted, ahead).await {
                Ok(change) => {
                    let applied =
                        Applied { wrote: change.is_some(), statements: counted.statements, retries };
                    return Ok((applied, change));
                }
                Err(UnitFault::Conflict(why)) if retries < MAX_CONFLICTS => {
                    retries += 1;
                    counts.again(why);
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    async fn try_once(
        &mut self,
        counted: &mut Counted<'_>,
        ahead: &mut Ahead,
    ) -> Result<Option<Box<ChangeSet>>, UnitFault> {
        let workspace = self.unit.workspace;
        let mut found = match self.found.take() {
            Some(found) => found,
            None => {
                let mut found = Found::default();
                load(counted, workspace, &self.early, &mut found).await?;
                found
            }
        };
        if self.rest != Keys::default() {
            load_more(counted, workspace, &self.rest, &mut found).await?;
        }
        let mut rounds = 0;
        let change = loop {
            match decide(&mut self.unit, &found)? {
                Decision::Nothing => return Ok(None),
                Decision::Write(change) => break change,
                Decision::NeedMore(keys) if rounds < MAX_ROUNDS => {
                    rounds += 1;
                    load_more(counted, workspace, &keys, &mut found).await?;
                }
                Decision::NeedMore(_) => {
                    let name = self.unit.name;
                    return Err(Fault::Internal(format!("{name}: a decision asked for more again")).into());
                }
            }
        };
        write(counted, workspace, &change, &found, ahead).await?;
        Ok(Some(change))
    }
}

/// Whether a change touches anything that was found, or that was looked for and not found.
fn is_disturbed(found: &Found, change: &ChangeSet) -> bool {
    // All of it by name: whoever adds to a change set says here whether it is something that is loaded early.
    let ChangeSet {
        created,
        updated,
        retired,
        restored,
        claimed,
        released,
        summaries,
        address_states,
        address_states_removed,
        friendships,
        erasures,
        config,
        events: _,
        purchases: _,
        consents: _,
        inbox: _,
        inbox_settled: _,
        inbox_emptied: _,
        journal: _,
        merges: _,
        merge_log_cleared: _,
        merge_log: _,
        never_same_lifted: _,
        never_same: _,
        unparked: _,
        parked: _,
        sync: _,
        import: _,
        import_issues: _,
        ledger: _,
        lifted: _,
        duplicates: _,
        names: _,
        answer: _,
    } = change;
    let loaded = &found.loaded;
    let mut profiles = created.iter().chain(updated).map(|profile| profile.id);
    // Rare, and far-reaching.
    !retired.is_empty()
        || !restored.is_empty()
        || !erasures.is_empty()
        || !config.is_empty()
        || profiles.any(|id| loaded.profiles.contains_key(&id) || loaded.asked_profiles.contains(&id))
        || claimed.iter().chain(released).any(|(key, _)| loaded.holders.contains_key(key))
        || summaries.iter().any(|(key, _)| loaded.summaries.contains_key(key))
        || address_states.iter().any(|state| loaded.addresses.contains_key(&state.address))
        || address_states_removed.iter().any(|(address, _)| loaded.addresses.contains_key(address))
        || friendships.iter().any(|friendship| loaded.friendships.contains_key(&friendship.user))
}

async fn write(
    counted: &mut Counted<'_>,
    workspace: WorkspaceId,
    change: &ChangeSet,
    found: &Found,
    ahead: &mut Ahead,
) -> Result<(), UnitFault> {
    if is_one_statement(change) {
        // SQLite undoes a statement that fails: no savepoint around a single one. That rows moved under our lock would
        // be a defect, and the statement has written the others: the group goes.
        return match apply(counted, workspace, change, &found.pids, ahead).await {
            Err(UnitFault::Conflict(_)) => Err(UnitFault::Group(Fault::Conflict)),
            applied => applied,
        };
    }
    counted.execute(plain("-- savepoint\nSAVEPOINT unit")).await?;
    match apply(counted, workspace, change, &found.pids, ahead).await {
        Ok(()) => {
            counted.execute(plain("-- release\nRELEASE unit")).await?;
            Ok(())
        }
        Err(UnitFault::Group(fault)) => Err(UnitFault::Group(fault)),
        Err(fault) => {
            let undone = counted.execute(plain("-- undo\nROLLBACK TO unit")).await;
            undone.map_err(|error| UnitFault::Group(to_fault(&error)))?;
            counted.execute(plain("-- release\nRELEASE unit")).await?;
            Err(fault)
        }
    }
}

async fn load_more(
    counted: &mut Counted<'_>,
    workspace: WorkspaceId,
    keys: &Keys,
    found: &mut Found,
) -> Result<(), UnitFault> {
    let mut more = Found::default();
    load(counted, workspace, keys, &mut more).await?;
    found.loaded.extend(more.loaded);
    found.pids.extend(more.pids);
    Ok(())
}

/// A decision that panics fails its own unit, not the writer.
fn decide(unit: &mut Unit, found: &Found) -> Result<Decision, UnitFault> {
    let decision = catch_unwind(AssertUnwindSafe(|| (unit.decide)(&found.loaded)));
    decision.map_err(|_| UnitFault::Unit(Fault::Internal(format!("{}: the decision panicked", unit.name))))
}
