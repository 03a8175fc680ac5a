//! Duplicates: listing groups, merging them by rule as a long job, and the review of parked groups.

use std::sync::Arc;

use profile_model::{
    Actor, ChangeSet, Decision, DuplicatesBy, DuplicatesId, DuplicatesPage, DuplicatesRule, DuplicatesRun,
    DuplicatesState, GroupOutcome, KeepBy, KeepOrder, Keys, Kind, Loaded, Occasion, Parked, ParkedId, Plan,
    Review, Reviewed, WorkspaceId, decide_duplicates, decide_duplicates_page, decide_review, duplicates_keys,
    plan_of_groups, review_keys,
};

use serde_json::json;

use crate::{Fault, ProfileStore, Work};

/// Groups that are looked at together when nothing is written.
const PLAN_PAGE: u32 = 100;

impl ProfileStore {
    /// One page of groups and what the rule would do with each; nothing is written. Every value more than one profile
    /// holds, in the order of the values.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn duplicates(
        &self,
        workspace: WorkspaceId,
        rule: DuplicatesRule,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<GroupOutcome>, Fault> {
        let groups = self.backend().scan_shared(workspace, rule.by.kind(), after, limit).await?;
        let occasion = self.occasion(workspace, operator()).await?;
        let mut loaded = self.backend().load(workspace, &duplicates_keys(&groups)).await?;
        loop {
            let (decision, outcomes) = decide_duplicates(&groups, &rule, &loaded, &occasion, true);
            let Decision::NeedMore(keys) = decision else { return Ok(outcomes) };
            loaded.extend(self.backend().load(workspace, &keys).await?);
        }
    }

    /// Names what a run of the rule would do now: a hash over the settings, and every group with its members, their
    /// versions, and what was said of it before.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn duplicates_plan(&self, workspace: WorkspaceId, rule: DuplicatesRule) -> Result<Plan, Fault> {
        let mut request = crate::identity::request_hash("duplicates", &json!(rule));
        let occasion = self.occasion(workspace, operator()).await?;
        let mut after: Option<String> = None;
        loop {
            let groups =
                self.backend().scan_shared(workspace, rule.by.kind(), after.as_deref(), PLAN_PAGE).await?;
            let loaded = self.backend().load(workspace, &duplicates_keys(&groups)).await?;
            let plan = plan_of_groups(&request, &groups, &rule, &loaded, &occasion);
            let Some(last) = groups.last() else { return Ok(plan) };
            after = Some(last.key.value.to_string());
            request = plan.into_bytes();
        }
    }

    /// Starts a run over all groups; a worker of whichever process takes it.
    ///
    /// # Errors
    /// When the backend faults.
    pub async fn start_duplicates(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        rule: DuplicatesRule,
    ) -> Result<DuplicatesRun, Fault> {
        let now = self.now();
        let run = DuplicatesRun::new(DuplicatesId(self.fresh(now).uuid()), rule, actor, now);
        let decide = move |_: &Loaded| {
            let change = ChangeSet { duplicates: Some(run.clone()), ..ChangeSet::default() };
            (change.into(), run.clone())
        };
        let work = Work::new("start_duplicates", workspace, Keys::default()).repeatable();
        let (run, _) = self.decide_once(work, decide).await?;
        self.job_signal().notify_waiters();
        Ok(run)
    }

    /// A run by id.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn duplicates_run(
        &self,
        workspace: WorkspaceId,
        id: DuplicatesId,
    ) -> Result<Option<DuplicatesRun>, Fault> {
        self.backend().load_duplicates(workspace, id).await
    }

    /// Goes on with a run until it ends or `go_on` says no. Progress commits with each page; a run that broke off goes
    /// on where it was.
    ///
    /// # Errors
    /// When the backend faults; what was committed stays.
    pub async fn run_duplicates(
        &self,
        workspace: WorkspaceId,
        mut run: DuplicatesRun,
        go_on: impl Fn(&DuplicatesRun) -> bool,
    ) -> Result<DuplicatesRun, Fault> {
        while run.state == DuplicatesState::Running && go_on(&run) {
            let after = run.cursor.clone();
            let kind = run.rule.by.kind();
            let page = self.duplicates_page(workspace, kind, after.as_deref()).await?;
            let occasion = self.occasion(workspace, run.actor.clone()).await?;
            let keys = Keys { duplicates: Some(run.id), ..page.keys() };
            let work = Work::new("duplicates_page", workspace, keys).repeatable().bulk();
            let decide = move |loaded: &Loaded| {
                // The counts are of the scan; who holds the value now is what was loaded.
                decide_duplicates_page(&page, &run, loaded, &occasion)
            };
            let (stored, _) = self.decide(work, decide).await?;
            run =
                stored.ok_or_else(|| Fault::Inconsistent("jobs: the run over duplicates is gone".into()))?;
        }
        Ok(run)
    }

    async fn duplicates_page(
        &self,
        workspace: WorkspaceId,
        kind: Kind,
        after: Option<&str>,
    ) -> Result<DuplicatesPage, Fault> {
        let groups = self.backend().scan_shared(workspace, kind, after, DuplicatesPage::GROUPS).await?;
        let end = DuplicatesPage::end_of(&groups);
        let parked =
            self.backend().scan_parked_values(workspace, kind, after, end, DuplicatesPage::PARKED).await?;
        Ok(DuplicatesPage::new(groups, parked))
    }

    /// One page of open parked groups.
    ///
    /// # Errors
    /// When the backend cannot be read.
    pub async fn parked(
        &self,
        workspace: WorkspaceId,
        after: Option<ParkedId>,
        limit: u32,
    ) -> Result<Vec<Parked>, Fault> {
        self.backend().scan_parked(workspace, after, limit).await
    }

    /// Joins a parked group all the same, or dismisses it for good.
    ///
    /// # Errors
    /// When the backend faults.
    pub async fn review_parked(
        &self,
        workspace: WorkspaceId,
        actor: Actor,
        id: ParkedId,
        review: Review,
    ) -> Result<Reviewed, Fault> {
        self.told_before(workspace).await?;
        let Some(parked) = self.backend().load_parked(workspace, id).await? else {
            return Ok(Reviewed::Unknown);
        };
        let occasion: Occasion = self.occasion(workspace, actor).await?;
        let keys = review_keys(&parked);
        // Whom a release keeps is the default of `DUP-2`.
        let rule = DuplicatesRule {
            by: DuplicatesBy::of_kind(parked.key.kind).unwrap_or(DuplicatesBy::NativeLineId),
            keep: KeepBy::default(),
            order: KeepOrder::default(),
            merge_identified: true,
        };
        let key = Arc::new(parked.key);
        let decide = move |loaded: &Loaded| decide_review(&key, review, &rule, loaded, &occasion);
        Ok(self.decide_once(Work::new("review_parked", workspace, keys), decide).await?.0)
    }
}

/// Who reads: nobody whose name is stored.
fn operator() -> Actor {
    Actor { kind: "operator".into(), reference: None }
}
