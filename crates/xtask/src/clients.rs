//! Published client libraries against a server of this build: their day's work is in `tests/clients/`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use line_simulator::verbs::FollowersSpec;
use serde_json::json;
use testkit::World;

use crate::{python, run, tools};

/// From PyPI. The second is installed without what it asks for: it pins a release of tenacity that no longer runs on
/// current Pythons, and does not need it.
const PYTHON: &[python::Install] = &[
    &["requests==2.32.5", "tenacity==9.1.2", "line-bot-sdk==3.27.0"],
    &["--no-deps", "braze-client==2.3.3"],
];

/// Name of their environment: a change of the versions above needs another one.
const PYTHON_HOME: &str = "clients-python-1";

/// From npm.
const NODE: &[&str] = &["braze-api@2.13.4", "@line/bot-sdk@11.2.0"];

/// Name of their folder: a change of the versions above needs another one.
const NODE_HOME: &str = "clients-node-1";

/// Lets each library do its work.
///
/// # Errors
/// When one of them sees anything but what it expects, or cannot be installed.
pub(crate) fn check(root: &Path) -> Result<()> {
    let python = python::environment(root, PYTHON_HOME, PYTHON)?.join("bin/python");
    let modules = node_modules(root)?;
    let binary = run::debug_binary(root)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let variables = |world: &World, group: &str| {
        [
            ("BASE", world.server.base().to_owned()),
            ("KEY", "test-key".to_owned()),
            ("GROUP", group.to_owned()),
            ("LINE_BASE", world.line_base()),
            ("LINE_TOKEN", world.channel.channel_access_token.clone()),
            ("LINE_SECRET", world.channel.channel_secret.clone()),
        ]
    };
    for script in ["braze_api.cjs", "braze_client.py", "line_bot_sdk.cjs", "line_bot_sdk.py"] {
        // Each on a server of its own: what one leaves behind is not what the next one rests on.
        let (world, group) = runtime.block_on(start(&binary))?;
        let program = if script.ends_with(".py") { python.as_path() } else { Path::new("node") };
        let status = Command::new(program)
            .arg(root.join("tests/clients").join(script))
            .envs(variables(&world, &group))
            .env("NODE_PATH", &modules)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .status()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        ensure!(status.success(), "tests/clients/{script} failed; the server's log: {}", world.server.log());
        run::say(&format!("published clients, {script}: ok"))?;
    }
    Ok(())
}

/// A server with a subscription group, beside a LINE with five followers.
async fn start(binary: &Path) -> Result<(World, String)> {
    let world = World::start(binary).await?;
    let made =
        world.caller.post("/subscription/groups", &json!({"name": "news", "channel": "email"})).await?;
    let group = made.json["subscription_group_id"].as_str().context("no group was made")?.to_owned();
    let five = FollowersSpec { count: 5, ..FollowersSpec::default() };
    world.line.add_followers(&world.channel.channel_id, five).await?;
    Ok((world, group))
}

/// The folder of the npm packages, made once.
fn node_modules(root: &Path) -> Result<PathBuf> {
    tools::ensure_present(tools::NODE)?;
    let home = root.join("target/tools").join(NODE_HOME);
    let whole = home.join("whole");
    if !whole.is_file() {
        run::say(&format!("npm packages of clients: not there; they are installed into {}", home.display()))?;
        std::fs::create_dir_all(&home)?;
        let quiet = ["install", "--silent", "--no-audit", "--no-fund", "--prefix"];
        let status = Command::new("npm").args(quiet).arg(&home).args(NODE).status().context("npm")?;
        ensure!(status.success(), "npm could not install {}: it needs its registry", NODE.join(" "));
        std::fs::write(&whole, NODE_HOME)?;
    }
    Ok(home.join("node_modules"))
}
