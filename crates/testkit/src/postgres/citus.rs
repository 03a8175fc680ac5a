//! Citus for tests: the cluster whose coordinator `ENMUSUBI_TEST_CITUS_URL` names, with a database per test on all of its
//! nodes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};

use super::{run_sql, with_database};

/// Names the coordinator: a URL of a database with the extension, whose nodes the databases of tests are made on.
pub const URL_VARIABLE: &str = "ENMUSUBI_TEST_CITUS_URL";

/// The coordinator's URL. Without one, says that the test was skipped, by its name.
#[must_use]
pub fn coordinator_for(test: &str) -> Option<String> {
    let url = std::env::var(URL_VARIABLE).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        // Past the capture of the test's output: who runs the tests is to see it.
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {URL_VARIABLE} names no Citus coordinator");
    }
    url
}

/// A database of one test on every node. Dropped with it, whoever is still connected.
#[derive(Debug)]
pub struct CitusDatabase {
    /// The coordinator, then the workers.
    nodes: Vec<String>,
    name: String,
}

impl CitusDatabase {
    /// An empty database with the extension, whose nodes know each other.
    ///
    /// # Errors
    /// When a node refuses.
    pub fn create(coordinator: &str) -> Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_citus_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let listed = "SELECT nodename || ':' || nodeport FROM pg_dist_node WHERE groupid <> 0 AND noderole = 'primary'";
        let workers: Vec<String> = run_sql(coordinator, listed)?.lines().map(str::to_owned).collect();
        let mut nodes = vec![coordinator.to_owned()];
        nodes.extend(workers.iter().map(|place| with_place(coordinator, place)));
        let database = Self { nodes, name };
        for node in &database.nodes {
            run_sql(node, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", database.name))?;
            run_sql(node, &format!("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", database.name))?;
            run_sql(&with_database(node, &database.name), "CREATE EXTENSION citus")?;
        }
        // Making a shard of each table takes most of a test's time.
        database.run(&format!("ALTER DATABASE {} SET citus.shard_count = 8", database.name))?;
        let own = run_sql(
            coordinator,
            "SELECT host(coalesce(inet_server_addr(), '127.0.0.1')) || ':' || inet_server_port()",
        )?;
        let (host, port) = own.rsplit_once(':').context("the coordinator's address")?;
        if !workers.is_empty() {
            database.run(&format!("SELECT citus_set_coordinator_host('{host}', {port})"))?;
        }
        // A node that joins is given the roles, which all databases of a server share: two at once would meet there.
        static JOINING: Mutex<()> = Mutex::new(());
        let _turn = JOINING.lock().unwrap_or_else(PoisonError::into_inner);
        for place in &workers {
            let (host, port) = place.rsplit_once(':').context("a worker's address")?;
            database.run(&format!("SELECT citus_add_node('{host}', {port})"))?;
        }
        Ok(database)
    }

    /// `postgres://..` of it on the coordinator.
    #[must_use]
    pub fn url(&self) -> String {
        self.nodes.first().map_or_else(String::new, |node| with_database(node, &self.name))
    }

    /// How many workers it lies on; none: all is on the coordinator.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.nodes.len().saturating_sub(1)
    }

    /// Runs statements on the coordinator; what they print, unaligned and without headers.
    ///
    /// # Errors
    /// When one fails.
    pub fn run(&self, sql: &str) -> Result<String> {
        run_sql(&self.url(), sql)
    }

    /// Runs statements on each worker, past the coordinator; what each printed.
    ///
    /// # Errors
    /// When one fails.
    pub fn run_on_workers(&self, sql: &str) -> Result<Vec<String>> {
        self.nodes.iter().skip(1).map(|node| run_sql(&with_database(node, &self.name), sql)).collect()
    }
}

impl Drop for CitusDatabase {
    fn drop(&mut self) {
        for node in &self.nodes {
            let _ = run_sql(node, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// The same user, database and parameters at another host and port.
fn with_place(url: &str, place: &str) -> String {
    let scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url[scheme..].find(['/', '?']).map_or(url.len(), |at| scheme + at);
    let user = url[scheme..end].rfind('@').map_or(scheme, |at| scheme + at + 1);
    format!("{}{place}{}", &url[..user], &url[end..])
}

#[cfg(test)]
mod tests {
    use super::with_place;

    #[test]
    fn another_node_is_reached_as_the_coordinator_is() {
        assert_eq!(with_place("postgres://u:p@h:1/d?x=y", "w:2"), "postgres://u:p@w:2/d?x=y");
        assert_eq!(with_place("postgres://h", "w:2"), "postgres://w:2");
    }
}
