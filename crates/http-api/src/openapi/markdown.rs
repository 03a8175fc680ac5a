//! docs/api.md: the same as `/docs`, for people who read the repository. Written anew with `UPDATE_EXPECT=1 cargo test -p
//! http-api`.

use std::fmt::Write as _;

use expect_test::expect_file;

use super::{curl, operation, permission};
use crate::quota::Pool;
use crate::route::{Access, Route};
use crate::routes::table;

const HEAD: &str = include_str!("markdown/head.md");

fn write(routes: &[Route]) -> String {
    let mut page = HEAD.to_owned();
    page.push_str(
        "\n## All routes\n\n| route | permission | body at most | answers |\n| --- | --- | --- | --- |\n",
    );
    for route in routes {
        let name = match route.access {
            Access::Key(permission) => format!("`{permission}`"),
            Access::Signature => "LINE's signature".to_owned(),
            Access::Open => "none".to_owned(),
        };
        let good: Vec<_> = route.docs.answers.iter().map(|reply| reply.status.to_string()).collect();
        let limit = operation::limit(route.payload).unwrap_or_default();
        let _ =
            writeln!(page, "| `{} {}` | {name} | {limit} | {} |", route.method, route.path, good.join(", "));
    }
    limits(&mut page, routes);
    let mut tag = "";
    for route in routes {
        if route.docs.tag != tag {
            tag = route.docs.tag;
            let _ = write!(page, "\n## {tag}\n");
        }
        describe(&mut page, route);
    }
    page
}

fn limits(page: &mut String, routes: &[Route]) {
    page.push_str(
        "\n## Rate limits\n\nOff, unless the workspace has `rate_limits=braze`: then those of Braze, in windows that begin with \
         the first call, counted by\neach process for itself. A refused call is 429 `Rate Limited`, with `Retry-After` and \
         `X-Ratelimit-Retry-After` in seconds.\n\n| calls | limit |\n| --- | --- |\n",
    );
    let mut pools: Vec<(Pool, Vec<&str>)> = Vec::new();
    for route in routes.iter().filter(|route| permission(route).is_some()) {
        let pool = Pool::of(route.path);
        match pools.iter_mut().find(|(known, _)| *known == pool) {
            Some((_, paths)) => paths.push(route.path),
            None => pools.push((pool, vec![route.path])),
        }
    }
    pools.sort_by_key(|(pool, _)| *pool == Pool::Shared);
    for (pool, mut paths) in pools {
        paths.dedup();
        let (limit, seconds) = pool.limit();
        let calls: Vec<_> = paths.iter().map(|path| format!("`{path}`")).collect();
        let calls = if pool == Pool::Shared { "all others together".to_owned() } else { calls.join(", ") };
        let _ = writeln!(page, "| {calls} | {limit} in {seconds} s |");
        if pool == Pool::Export {
            let (limit, seconds) = Pool::CostlyExport.limit();
            let calls =
                "the same without `fields_to_export`, or with `campaigns_received` or `canvases_received`";
            let _ = writeln!(page, "| {calls} | {limit} in {seconds} s |");
        }
    }
}

fn describe(page: &mut String, route: &Route) {
    let docs = &route.docs;
    let stop = if docs.summary.ends_with('?') { "" } else { "." };
    let _ = write!(page, "\n### `{} {}`\n\n{}{stop}", route.method, route.path, docs.summary);
    if !docs.text.is_empty() {
        let _ = write!(page, " {}", docs.text);
    }
    page.push('\n');
    match permission(route) {
        Some(permission) => {
            let _ = write!(page, "\nPermission `{permission}`.");
        }
        None if route.access == Access::Signature => page.push_str("\nSigned by LINE (`x-line-signature`)."),
        None => page.push_str("\nNeeds no key."),
    }
    if let Some(limit) = operation::limit(route.payload) {
        let _ = write!(page, " Body: at most {limit}.");
    }
    page.push('\n');
    if !docs.query.is_empty() {
        page.push_str("\n| query | |\n| --- | --- |\n");
        for parameter in &docs.query {
            let must = if parameter.required { " (required)" } else { "" };
            let _ = writeln!(page, "| `{}`{must} | {} |", parameter.name, parameter.about);
        }
    }
    page.push_str("\n| status | |\n| --- | --- |\n");
    let operation = operation::of(route);
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let _ = writeln!(page, "| {status} | {} |", answer["description"].as_str().unwrap_or_default());
    }
    for example in &docs.examples {
        let _ = write!(
            page,
            "\n{}:\n\n```sh\n{}\n```\n\n```text\n{}\n{}\n```\n",
            capital(example.name),
            curl::command(route, example),
            example.status,
            curl::shown(&example.answer).trim_end(),
        );
    }
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[test]
fn the_page_of_the_api_in_the_repository_is_up_to_date() {
    expect_file!["../../../../docs/api.md"].assert_eq(&write(&table()));
}
