//! A workspace that came to be after the last ANALYZE: PostgreSQL's statistics know nothing of it, and a plan that
//! rests on them would walk it whole (docs/adr/010).

use anyhow::{Result, bail, ensure};
use serde_json::Value;
use testkit::Caller;

use super::engine::Stage;
use super::scenarios::import;
use super::table::{Line, Table};
use super::{Wanted, http};

/// Profiles of the workspace.
const PROFILES: u64 = 30_000;

/// Updates and look-ups there, each beside the same in the workspace that was analysed.
pub(super) async fn unseen(stage: &Stage, wanted: &Wanted, table: &mut Table) -> Result<()> {
    let time = wanted.time();
    ensure!(wanted.profiles >= PROFILES, "the other workspace needs {PROFILES} profiles or more");
    stage.run_on_database(
        "ANALYZE; ALTER TABLE profiles SET (autovacuum_enabled = off); \
         ALTER TABLE identifiers SET (autovacuum_enabled = off)",
    )?;
    let seen = &stage.world.caller;
    let unseen = workspace(stage).await?;
    import(&unseen, http::customers("c", PROFILES)).await?;
    let here = http::track(seen, time, http::Objects::Known(PROFILES)).await?;
    let there = http::track(&unseen, time, http::Objects::Known(PROFILES)).await?;
    let line = Line::new("track in a workspace unknown to statistics", "objects/s", there.rate);
    table.add(line.under(here.rate).wanted(1.0).p99(there.p99));
    let here = http::look_up(seen, time, PROFILES).await?;
    let there = http::look_up(&unseen, time, PROFILES).await?;
    let line = Line::new("look-up in a workspace unknown to statistics", "requests/s", there.rate);
    table.add(line.under(here.rate).wanted(1.0).p99(there.p99));
    Ok(())
}

/// A second workspace, and a caller with a key to it.
async fn workspace(stage: &Stage) -> Result<Caller> {
    let server = &stage.world.server;
    for arguments in [
        &["workspace", "create", "unseen", "--json"][..],
        &["key", "create", "--name", "bench", "--workspace", "unseen", "--json"],
    ] {
        let (code, told, complaint) = server.command(arguments).await?;
        ensure!(code == 0, "{}: {complaint}", arguments.join(" "));
        let told: Value = serde_json::from_str(&told)?;
        if let Some(key) = told["key"].as_str() {
            return Ok(server.caller_with(Some(key)));
        }
    }
    bail!("no key was made")
}
