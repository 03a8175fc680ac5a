//! `/docs`: the routes on one page, with nothing loaded from elsewhere.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::response::Html;
use serde_json::Value;

use super::{curl, operation, permission, schemas};
use crate::quota::Pool;
use crate::route::Route;
use crate::routes::table;

const STYLE: &str = include_str!("page/style.css");

const SCRIPT: &str = include_str!("page/script.js");

static PAGE: LazyLock<String> = LazyLock::new(|| write(&table()));

/// `GET /docs`.
pub(crate) async fn serve() -> Html<&'static str> {
    Html(PAGE.as_str())
}

fn write(routes: &[Route]) -> String {
    let mut page = String::with_capacity(256 << 10);
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Enmusubi API</title>\
         <style>{STYLE}</style></head><body><nav><p class=\"name\"><a href=\"/\">縁結び</a> <span>Enmusubi {}</span></p>\
         <input id=\"filter\" type=\"search\" placeholder=\"Filter routes\" aria-label=\"Filter routes\">",
        env!("CARGO_PKG_VERSION"),
    );
    let mut tag = "";
    for route in routes {
        if route.docs.tag != tag {
            tag = route.docs.tag;
            let _ = write!(page, "<h2>{}</h2>", escape(tag));
        }
        let _ = write!(
            page,
            "<a class=\"to\" href=\"#{0}\">{1}<code>{2}</code></a>",
            anchor(route),
            badge(route),
            escape(route.path),
        );
    }
    page.push_str("<h2>Schemas</h2>");
    for name in schemas::components().keys() {
        let _ = write!(page, "<a class=\"to\" href=\"#schema-{name}\"><code>{name}</code></a>");
    }
    page.push_str("</nav><main>");
    page.push_str(INTRODUCTION);
    tag = "";
    for route in routes {
        if route.docs.tag != tag {
            tag = route.docs.tag;
            let _ = write!(page, "<h2 class=\"part\">{}</h2>", escape(tag));
        }
        describe(&mut page, route);
    }
    page.push_str("<h2 class=\"part\">Schemas</h2>");
    for (name, schema) in schemas::components() {
        let about = schema["description"].as_str().unwrap_or_default();
        let _ = write!(page, "<section id=\"schema-{name}\"><h3><code>{name}</code></h3>{}", prose(about));
        fields(&mut page, &schema);
        page.push_str("</section>");
    }
    let _ = write!(page, "</main><script>{SCRIPT}</script></body></html>");
    page
}

const INTRODUCTION: &str = "<h1>The API</h1>\
    <p>Every call but probes and LINE's webhook wants <code>Authorization: Bearer KEY</code>; \
    <code>enmusubi key create --name NAME</code> makes a key. The examples are shell commands: set \
    <code>ENMUSUBI</code> to this address and <code>KEY</code> to a key, and they run as they stand.</p>\
    <p>Checks come in this order: route and method (404, 405), key (401), allowed addresses and permission (403), rate \
    (429), size (413), coding and content type (415), JSON (400), then what the call says. A 4xx changed nothing. Bodies may \
    be compressed with <code>gzip</code> or <code>zstd</code>. For machines: <a href=\"/openapi.json\">/openapi.json</a>.</p>";

fn describe(page: &mut String, route: &Route) {
    let docs = &route.docs;
    let _ = write!(
        page,
        "<section class=\"route\" id=\"{}\"><h3>{}<code>{}</code></h3><p class=\"summary\">{}</p>{}",
        anchor(route),
        badge(route),
        escape(route.path),
        prose_line(docs.summary),
        prose(docs.text),
    );
    facts(page, route);
    if !docs.query.is_empty() {
        page.push_str("<h4>Query</h4><table><tbody>");
        for parameter in &docs.query {
            row(page, parameter.name, &parameter.schema, parameter.required, parameter.about);
        }
        page.push_str("</tbody></table>");
    }
    if let Some(schema) = docs.takes.as_ref().filter(|schema| schema["type"] != "string") {
        page.push_str("<h4>Body</h4>");
        fields(page, schema);
    }
    for example in &docs.examples {
        let _ = write!(
            page,
            "<h4>Example: {}</h4><div class=\"try\"><button type=\"button\">Copy</button><pre><code>{}</code></pre></div>\
             <pre class=\"answer\"><b class=\"s{}\">{}</b>\n<code>{}</code></pre>",
            escape(example.name),
            escape(&curl::command(route, example)),
            example.status / 100,
            example.status,
            escape(&curl::shown(&example.answer)),
        );
    }
    answers(page, route);
    page.push_str("</section>");
}

fn facts(page: &mut String, route: &Route) {
    page.push_str("<p class=\"facts\">");
    match permission(route) {
        Some(permission) => {
            let (limit, seconds) = Pool::of(route.path).limit();
            let _ = write!(page, "<span>permission <code>{permission}</code></span>");
            let _ =
                write!(page, "<span>with <code>rate_limits=braze</code> {limit} calls in {seconds} s</span>");
        }
        None if route.path.contains("/line/events/") => page.push_str("<span>signed by LINE</span>"),
        None => page.push_str("<span>no key</span>"),
    }
    if let Some(limit) = operation::limit(route.payload) {
        let _ = write!(page, "<span>body at most {limit}</span>");
    }
    page.push_str("</p>");
}

fn answers(page: &mut String, route: &Route) {
    page.push_str("<h4>Answers</h4><table><tbody>");
    let operation = operation::of(route);
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let about = prose_line(answer["description"].as_str().unwrap_or_default());
        let kind = status.chars().next().unwrap_or('5');
        let _ =
            write!(page, "<tr><td><b class=\"s{kind}\">{status}</b></td><td colspan=\"2\">{about}</td></tr>");
    }
    page.push_str("</tbody></table>");
}

/// The fields of an object, or what else it is.
fn fields(page: &mut String, schema: &Value) {
    let shared = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    if let Some(name) = shared {
        let _ = write!(page, "<p><a href=\"#schema-{name}\"><code>{name}</code></a></p>");
        return;
    }
    let Some(properties) = schema["properties"].as_object() else {
        let _ = write!(page, "<p>{}</p>", kind(schema));
        return;
    };
    let required: Vec<_> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    page.push_str("<table><tbody>");
    for (name, property) in properties {
        let about = property["description"].as_str().unwrap_or_default();
        row(page, name, property, required.contains(&name.as_str()), about);
    }
    page.push_str("</tbody></table>");
}

fn row(page: &mut String, name: &str, schema: &Value, required: bool, about: &str) {
    let must = if required { "<i>required</i>" } else { "" };
    let _ = write!(
        page,
        "<tr><td><code>{}</code>{must}</td><td class=\"kind\">{}</td><td>{}</td></tr>",
        escape(name),
        kind(schema),
        prose_line(about),
    );
}

/// The type of a value in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).map(escape).collect();
        return words.join(" | ");
    }
    for name in ["anyOf", "allOf"] {
        if let Some(parts) = schema[name].as_array() {
            return parts.iter().map(kind).collect::<Vec<_>>().join(if name == "anyOf" {
                " or "
            } else {
                " and "
            });
        }
    }
    match &schema["type"] {
        Value::String(known) if known == "array" => format!("list of {}", kind(&schema["items"])),
        Value::String(known) if known == "object" && schema["properties"].is_object() => {
            let names = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| escape(name));
            format!("{{ {} }}", names.collect::<Vec<_>>().join(", "))
        }
        Value::String(known) => known.clone(),
        Value::Array(known) => known.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => schema["const"].as_str().map_or_else(|| "anything".to_owned(), |word| format!("\"{word}\"")),
    }
}

fn badge(route: &Route) -> String {
    let method = route.method.as_str();
    format!("<b class=\"m {}\">{method}</b>", method.to_ascii_lowercase())
}

fn anchor(route: &Route) -> String {
    let words = route.path.replace(['{', '}'], "").replace(['/', '.'], "-");
    format!("{}{words}", route.method.as_str().to_ascii_lowercase())
}

fn prose(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<p>{}</p>", prose_line(text)) }
}

/// Text with `code` in back-ticks.
fn prose_line(text: &str) -> String {
    let mut line = String::new();
    for (place, part) in text.split('`').enumerate() {
        let part = escape(part);
        let _ = if place % 2 == 1 { write!(line, "<code>{part}</code>") } else { write!(line, "{part}") };
    }
    line
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every route with its examples, and nothing from elsewhere.
    #[test]
    fn the_page_lists_every_route_and_loads_nothing() {
        let page = write(&table());
        for route in table() {
            assert!(page.contains(&format!("id=\"{}\"", anchor(&route))), "{}", route.path);
            for example in &route.docs.examples {
                assert!(page.contains(&escape(&curl::command(&route, example))), "{}", route.path);
            }
        }
        for elsewhere in ["src=", "@import", "url(", "<link", "fetch("] {
            assert!(!page.contains(elsewhere), "{elsewhere}");
        }
        let targets = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for target in targets {
            let known = match target.strip_prefix('#') {
                Some(place) => page.contains(&format!("id=\"{place}\"")),
                None => matches!(target, "/" | "/openapi.json"),
            };
            assert!(known, "{target}");
        }
    }

    #[test]
    fn text_is_escaped_and_code_is_marked() {
        assert_eq!(prose_line("a < `b & c` \"d\""), "a &lt; <code>b &amp; c</code> &quot;d&quot;");
    }
}
