//! The follower syncer: a marked scan that only subscribes and creates (`SYNC-2`, line.md B1).

use line_platform::messaging::LineFault;
use profile_model::{
    Actor, ChangeSet, Channel, ChannelId, Decision, FollowerPage, Keys, LineUserId, SyncId, SyncRun,
    SyncState, WorkspaceId, decide_page, page_keys,
};
use profile_store::{Fault, Work};

use crate::LineService;

/// Ids per page: LINE's maximum.
const PAGE: u16 = 1000;

/// How long LINE's continuation token lives (24 h), with an hour to spare.
const CURSOR_MICROS: i64 = 23 * 3600 * 1_000_000;

/// How often one run may begin anew because LINE refused its token.
const MAX_RESTARTS: u32 = 3;

/// What LINE answered to the page at a cursor.
struct Asked {
    cursor: Option<String>,
    answer: Result<FollowerPage, LineFault>,
}

/// Why a sync was not started.
#[derive(Debug, thiserror::Error)]
pub enum SyncFault {
    /// 404
    #[error("no such LINE channel in this workspace")]
    UnknownChannel,
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] Fault),
}

impl LineService {
    /// Starts a sync of a channel; one that is running already is answered instead of a second one.
    ///
    /// # Errors
    /// See [`SyncFault`].
    pub async fn start_sync(&self, workspace: WorkspaceId, channel: &str) -> Result<SyncId, SyncFault> {
        let config = self.store().config().await?;
        let id = ChannelId(channel.to_owned());
        if config.channels.get(&id).is_none_or(|known| known.workspace != workspace) {
            return Err(SyncFault::UnknownChannel);
        }
        let now = self.store().now();
        let run = SyncRun::new(SyncId(self.store().fresh(now).uuid()), id.clone(), now);
        let keys = Keys { sync_of: Some(id), ..Keys::default() };
        let decide = move |loaded: &profile_model::Loaded| match &loaded.sync {
            Some(known) if known.state == SyncState::Running => (Decision::Nothing, known.id),
            _ => (ChangeSet { sync: Some(run.clone()), ..ChangeSet::default() }.into(), run.id),
        };
        let work = Work::new("start_sync", workspace, keys).repeatable();
        let (id, _) = self.store().decide_once(work, decide).await?;
        self.sync_signal().notify_one();
        Ok(id)
    }

    /// A sync run.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn sync(&self, workspace: WorkspaceId, id: SyncId) -> Result<Option<SyncRun>, Fault> {
        self.store().backend().load_sync(workspace, id).await
    }

    /// Runs a sync from where it stands to its end, or until `go_on` says no (asked between pages). While a page is
    /// decided and written, the page after it is asked for already: one page ahead, no more, and thrown away if the
    /// run did not come to its cursor.
    pub(crate) async fn run_sync(
        &self,
        workspace: WorkspaceId,
        mut run: SyncRun,
        go_on: impl Fn() -> bool,
    ) -> Result<SyncRun, Fault> {
        let mut ahead: Option<Asked> = None;
        while run.state == SyncState::Running && go_on() {
            let config = self.store().config().await?;
            let Some(channel) = config.channels.get(&run.channel) else {
                return self.end(workspace, run, SyncState::Failed, "the channel was disconnected").await;
            };
            let answer = match ahead.take().filter(|asked| asked.cursor == run.cursor) {
                Some(asked) => asked.answer,
                None => {
                    let now = self.store().now();
                    if run.cursor_at.is_some_and(|issued| issued.plus_micros(CURSOR_MICROS) < now) {
                        run = self.restart(workspace, run).await?;
                        continue;
                    }
                    self.fetch(channel, run.cursor.as_deref()).await
                }
            };
            run = match answer {
                Ok(page) => {
                    let next = self.ask_ahead(channel, page.next.clone());
                    let (applied, next) = tokio::join!(self.apply_page(workspace, run, page), next);
                    ahead = next;
                    applied?
                }
                Err(LineFault::InvalidStart { .. }) if run.restarts < MAX_RESTARTS => {
                    self.restart(workspace, run).await?
                }
                Err(LineFault::NotEntitled { .. }) => {
                    let reason = "LINE lists followers for verified or premium accounts only; webhooks go on";
                    self.end(workspace, run, SyncState::NotEntitled, reason).await?
                }
                Err(fault) => self.end(workspace, run, SyncState::Failed, &fault.to_string()).await?,
            };
        }
        Ok(run)
    }

    /// The answer to the page at `cursor`, asked for before the page before it is written. `None` after the last page.
    async fn ask_ahead(&self, channel: &Channel, cursor: Option<String>) -> Option<Asked> {
        let answer = self.fetch(channel, Some(cursor.as_deref()?)).await;
        Some(Asked { cursor, answer })
    }

    /// Asks LINE for the page at `cursor`; the page carries the moment it was asked for.
    async fn fetch(&self, channel: &Channel, cursor: Option<&str>) -> Result<FollowerPage, LineFault> {
        let requested_at = self.store().now();
        let Some(token) = self.sealer().open(&channel.sealed_token) else {
            return Err(LineFault::Unauthorized { request_id: None });
        };
        let page = self.client().followers_page(&token, cursor, PAGE).await?;
        let users = page.user_ids.iter().filter_map(|id| LineUserId::from_line(id)).collect();
        Ok(FollowerPage { channel: channel.id.clone(), users, requested_at, next: page.next })
    }

    async fn apply_page(
        &self,
        workspace: WorkspaceId,
        run: SyncRun,
        page: FollowerPage,
    ) -> Result<SyncRun, Fault> {
        let actor = Actor::new("line_sync", run.id.to_string());
        let occasion = self.store().occasion(workspace, actor).await?;
        let mut keys = page_keys(&page, &run);
        occasion.remember(&mut keys);
        let work = Work::new("sync_page", workspace, keys).repeatable().bulk();
        let before = run.clone();
        let decide = move |loaded: &_| decide_page(&page, &run, loaded, &occasion);
        let (stored, _) = self.store().decide(work, decide).await?;
        if let Some(after) = &stored {
            self.store().tally().synced(&before, after);
        }
        stored.ok_or_else(|| Fault::Inconsistent("jobs: the sync run is gone".into()))
    }

    /// Begins the scan anew; what was seen stays.
    async fn restart(&self, workspace: WorkspaceId, run: SyncRun) -> Result<SyncRun, Fault> {
        let next = SyncRun { cursor: None, cursor_at: None, restarts: run.restarts + 1, ..run.clone() };
        self.put(workspace, run, next).await
    }

    async fn end(
        &self,
        workspace: WorkspaceId,
        run: SyncRun,
        state: SyncState,
        reason: &str,
    ) -> Result<SyncRun, Fault> {
        let finished_at = Some(self.store().now());
        let next = SyncRun { state, error: Some(reason.to_owned()), finished_at, ..run.clone() };
        self.put(workspace, run, next).await
    }

    /// Replaces the stored run if it is still as `expected`.
    async fn put(&self, workspace: WorkspaceId, expected: SyncRun, next: SyncRun) -> Result<SyncRun, Fault> {
        let keys = Keys { sync: Some(expected.id), ..Keys::default() };
        let decide = move |loaded: &profile_model::Loaded| match &loaded.sync {
            Some(stored) if stored.pages == expected.pages && stored.state == expected.state => {
                (ChangeSet { sync: Some(next.clone()), ..ChangeSet::default() }.into(), next.clone())
            }
            Some(stored) => (Decision::Nothing, stored.clone()),
            None => (Decision::Nothing, next.clone()),
        };
        let work = Work::new("put_sync", workspace, keys).repeatable();
        Ok(self.store().decide(work, decide).await?.0)
    }
}
