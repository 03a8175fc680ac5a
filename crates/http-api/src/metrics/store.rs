//! What the store, its backend and its background work tell, as it is at the moment of the scrape.

use std::sync::atomic::AtomicU64;

use profile_store::{Backlog, Figures, JobKind, ProfileStore, Retry, Tally};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Label;

/// Registers everything; without what waits in the database if that could not be asked.
pub(super) fn register(registry: &mut Registry, store: &ProfileStore, backlog: Option<Backlog>) {
    gauges(
        registry,
        "build_info",
        "Always 1; the version is its label",
        &[(("version", env!("CARGO_PKG_VERSION")), 1)],
    );
    gauge(registry, "store_up", "Whether the database answered this scrape", u64::from(backlog.is_some()));
    of_backend(registry, &store.backend().figures());
    of_work(registry, store.tally());
    if let Some(backlog) = backlog {
        waiting(registry, store, &backlog);
    }
}

fn of_backend(registry: &mut Registry, figures: &Figures) {
    counters(
        registry,
        "store_transactions",
        "Units of work that came to their end",
        &[
            (("result", "committed"), figures.committed),
            (("result", "empty"), figures.empty),
            (("result", "failed"), figures.failed),
        ],
    );
    let retries: Vec<_> = Retry::ALL
        .iter()
        .zip(figures.retries)
        .map(|(why, count)| (("reason", why.as_str()), count))
        .collect();
    counters(registry, "store_retries", "What was run again", &retries);
    gauges(
        registry,
        "store_connections",
        "Connections to the database that are open",
        &[(("state", "in_use"), figures.connections_in_use), (("state", "idle"), figures.connections_idle)],
    );
    gauge(registry, "store_connections_max", "Most connections there may be", figures.connections_max);
    let writer = figures.writer.unwrap_or_default();
    gauges(
        registry,
        "store_writer_waiting",
        "Requests that wait for the one writer (SQLite)",
        &[(("lane", "interactive"), writer.waiting_interactive), (("lane", "bulk"), writer.waiting_bulk)],
    );
    counter(registry, "store_writer_groups", "Groups that shared a commit (SQLite)", writer.groups);
    let help = "Requests in these groups (SQLite)";
    counter(registry, "store_writer_grouped", help, writer.grouped);
}

fn of_work(registry: &mut Registry, tally: &Tally) {
    counters(
        registry,
        "line_events",
        "Webhook events that were taken in",
        &[
            (("outcome", "applied"), tally.events_applied.get()),
            (("outcome", "kept"), tally.events_kept.get()),
            (("outcome", "repeated"), tally.events_repeated.get()),
        ],
    );
    counters(
        registry,
        "import_rows",
        "Rows of imports",
        &[
            (("result", "read"), tally.import_rows_read.get()),
            (("result", "created"), tally.import_rows_created.get()),
            (("result", "updated"), tally.import_rows_updated.get()),
            (("result", "skipped"), tally.import_rows_skipped.get()),
        ],
    );
    counter(registry, "sync_pages", "Pages of followers that were applied", tally.sync_pages.get());
    counters(
        registry,
        "sync_followers",
        "Followers in these pages",
        &[(("result", "seen"), tally.sync_seen.get()), (("result", "created"), tally.sync_created.get())],
    );
}

fn waiting(registry: &mut Registry, store: &ProfileStore, backlog: &Backlog) {
    let help = "Webhook events that are stored and not applied yet";
    gauge(registry, "line_inbox_pending", help, backlog.inbox_pending);
    let age = backlog.inbox_oldest.map_or(0, |oldest| store.now().as_micros() - oldest.as_micros());
    let oldest = Gauge::<f64, AtomicU64>::default();
    // Seconds: what is lost beyond 2^53 microseconds does not matter.
    oldest.set(std::time::Duration::from_micros(age.max(0).unsigned_abs()).as_secs_f64());
    registry.register("line_inbox_oldest_seconds", "Age of the oldest of them; 0 if there is none", oldest);
    let jobs: Vec<_> = JobKind::ALL
        .iter()
        .zip(backlog.jobs_open)
        .map(|(kind, open)| (("kind", kind.as_str()), open))
        .collect();
    gauges(registry, "jobs_open", "Long jobs that are not at their end", &jobs);
}

fn label((name, value): (&'static str, &str)) -> [Label; 1] {
    [(name, value.to_owned())]
}

fn counters(registry: &mut Registry, name: &str, help: &str, values: &[((&'static str, &str), u64)]) {
    let family = Family::<[Label; 1], Counter>::default();
    for (which, value) in values {
        family.get_or_create(&label(*which)).inc_by(*value);
    }
    registry.register(name, help, family);
}

fn counter(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let counted = Counter::<u64>::default();
    counted.inc_by(value);
    registry.register(name, help, counted);
}

fn gauges(registry: &mut Registry, name: &str, help: &str, values: &[((&'static str, &str), u64)]) {
    let family = Family::<[Label; 1], Gauge>::default();
    for (which, value) in values {
        family.get_or_create(&label(*which)).set(signed(*value));
    }
    registry.register(name, help, family);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(signed(value));
    registry.register(name, help, gauge);
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
