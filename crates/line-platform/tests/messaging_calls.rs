//! The client against a scripted server: what it sends, what it makes of each answer, what it tries again (line.md B1, B3, E).

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failing one is a failing test")]

use std::time::{Duration, Instant};

use line_platform::messaging::{LineFault, MessagingClient, MessagingOptions, RetryPolicy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Answers the given texts in order, one per connection, and hands over each request head. An empty text hangs up.
async fn scripted(answers: Vec<String>) -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let (heads, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            heads.send(String::from_utf8(head).unwrap()).unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (base, received)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\nx-line-request-id: req-1\r\n{headers}\r\n{body}",
        body.len()
    )
}

fn ok(body: &str) -> String {
    answer("200 OK", "", body)
}

fn client(base: &str, attempts: usize) -> MessagingClient {
    let quick = Duration::from_millis(1);
    let retry = RetryPolicy {
        attempts,
        first_delay: quick,
        longest_delay: quick,
        longest_wait: Duration::from_secs(2),
    };
    let options = MessagingOptions {
        api_base: base.to_owned(),
        timeout: Duration::from_secs(5),
        retry,
        ..MessagingOptions::default()
    };
    MessagingClient::new(options).unwrap()
}

async fn fault_of(answer: String) -> LineFault {
    let (base, _heads) = scripted(vec![answer]).await;
    client(&base, 1).followers_page("secret-token", Some("cursor"), 10).await.unwrap_err()
}

const BOT: &str = include_str!("../../../fixtures/line/bot-info.json");
const PAGE: &str = include_str!("../../../fixtures/line/followers-page.json");
const LAST: &str = include_str!("../../../fixtures/line/followers-last-page.json");

#[tokio::test]
async fn bot_info_sends_the_token_and_reads_the_published_example() {
    let (base, mut heads) = scripted(vec![ok(BOT)]).await;
    let bot = client(&base, 1).bot_info("secret-token").await.unwrap();
    assert_eq!((bot.user_id.as_str(), bot.basic_id.as_deref()), ("Ub9952f8...", Some("@216ru...")));
    assert_eq!((bot.display_name.as_deref(), bot.premium_id), (Some("Example name"), None));
    assert_eq!((bot.chat_mode.as_deref(), bot.mark_as_read_mode.as_deref()), (Some("chat"), Some("manual")));
    let head = heads.recv().await.unwrap().to_lowercase();
    assert!(head.starts_with("get /v2/bot/info http/1.1"), "{head}");
    assert!(
        head.contains("authorization: bearer secret-token\r\n") && head.contains("user-agent: enmusubi/"),
        "{head}"
    );
}

#[tokio::test]
async fn pages_of_followers_are_asked_for_by_their_token() {
    let (base, mut heads) = scripted(vec![ok(PAGE), ok(LAST), ok(r#"{"userIds":[],"next":"n"}"#)]).await;
    let client = client(&base, 1);
    let page = client.followers_page("t", None, 300).await.unwrap();
    assert_eq!((page.user_ids.len(), page.next.as_deref()), (3, Some("yANU9IA...")));
    assert!(heads.recv().await.unwrap().starts_with("GET /v2/bot/followers/ids?limit=300 "));
    let last = client.followers_page("t", Some("a+b/c=&"), 9_999).await.unwrap();
    assert_eq!(last.next, None);
    assert!(
        heads
            .recv()
            .await
            .unwrap()
            .starts_with("GET /v2/bot/followers/ids?limit=1000&start=a%2Bb%2Fc%3D%26 ")
    );
    let empty = client.followers_page("t", None, 0).await.unwrap();
    assert_eq!((empty.user_ids.len(), empty.next.as_deref()), (0, Some("n")));
    assert!(heads.recv().await.unwrap().contains("limit=1 "));
}

#[tokio::test]
async fn an_empty_or_null_next_ends_the_pages() {
    for body in [r#"{"userIds":["U1"],"next":""}"#, r#"{"userIds":["U1"],"next":null,"noise":1e400}"#] {
        let (base, _heads) = scripted(vec![ok(body)]).await;
        assert_eq!(client(&base, 1).followers_page("t", None, 1).await.unwrap().next, None, "{body}");
    }
}

#[tokio::test]
async fn each_refusal_has_its_own_fault() {
    let id = || Some("req-1".to_owned());
    let message = |text: &str| format!(r#"{{"message":"{text}"}}"#);
    let text = "Authentication failed. Confirm that the access token in the authorization header is valid.";
    assert_eq!(
        fault_of(answer("401 Unauthorized", "", &message(text))).await,
        LineFault::Unauthorized { request_id: id() }
    );
    assert_eq!(
        fault_of(answer(
            "403 Forbidden",
            "",
            &message("Access to this API is not available for your account")
        ))
        .await,
        LineFault::NotEntitled { request_id: id() }
    );
    assert_eq!(
        fault_of(answer("400 Bad Request", "", &message("Invalid start param"))).await,
        LineFault::InvalidStart { request_id: id() }
    );
    assert_eq!(
        fault_of(answer("404 Not Found", "", &message("Not found"))).await,
        LineFault::NotFound { request_id: id() }
    );
    let bad =
        fault_of(answer("400 Bad Request", "", &message("The value for the 'limit' parameter is invalid")))
            .await;
    assert!(matches!(&bad, LineFault::BadRequest { status: 400, message: Some(_), .. }), "{bad:?}");
    let moved = fault_of(answer("302 Found", "location: http://127.0.0.1:1/\r\n", "")).await;
    assert!(matches!(moved, LineFault::BadRequest { status: 302, .. }), "{moved:?}");
}

#[tokio::test]
async fn the_two_kinds_of_429_are_told_apart_by_their_text() {
    let rate = r#"{"message":"The API rate limit has been exceeded. Try again later."}"#;
    let quota = r#"{"message":"You have reached your monthly limit."}"#;
    let fault = fault_of(answer("429 Too Many Requests", "retry-after: 7\r\n", rate)).await;
    assert_eq!(fault.retry_after(), Some(Duration::from_secs(7)));
    assert!(fault.is_retryable() && matches!(fault, LineFault::RateLimited { quota: false, .. }));
    let fault = fault_of(answer("429 Too Many Requests", "", quota)).await;
    assert!(
        !fault.is_retryable()
            && matches!(fault, LineFault::RateLimited { quota: true, retry_after: None, .. })
    );
    let fault =
        fault_of(answer("429 Too Many Requests", "retry-after: Fri, 31 Dec 2100 23:59:59 GMT\r\n", "<html>"))
            .await;
    assert!(fault.is_retryable() && fault.retry_after() > Some(Duration::from_secs(86_400)));
}

#[tokio::test]
async fn bodies_of_a_failing_server_may_be_anything() {
    for (body, headers) in
        [("oops", ""), ("<html>busy</html>", "content-type: text/html\r\n"), ("", ""), ("{\"mess", "")]
    {
        let fault = fault_of(answer("503 Service Unavailable", headers, body)).await;
        assert!(fault.is_retryable() && matches!(fault, LineFault::Server { status: 503, .. }), "{body}");
        assert_eq!(fault.request_id(), Some("req-1"));
    }
}

#[tokio::test]
async fn broken_answers_are_faults_and_never_an_empty_page() {
    for body in
        ["", "{", "[]", r#"{"userIds":null}"#, r#"{"userIds":["U1",7]}"#, r#"{"userIds":[],"next":7}"#]
    {
        let fault = fault_of(ok(body)).await;
        assert!(matches!(fault, LineFault::Unreadable { .. }), "{body}: {fault:?}");
    }
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"userIds\":[\"U1\"".to_owned();
    assert_eq!(fault_of(cut).await, LineFault::Unreachable { reason: "the answer broke off" });
    assert!(matches!(fault_of(String::new()).await, LineFault::Unreachable { .. }), "hung up");
}

#[tokio::test]
async fn faults_show_neither_token_nor_user_id() {
    let body = r#"{"message":"U0123456789abcdef0123456789abcdef is not for secret-token"}"#;
    let shown = fault_of(answer("400 Bad Request", "", body)).await.to_string();
    assert_eq!(shown, "LINE refused the call with status 400: U... is not for <token>");
}

#[tokio::test]
async fn passing_trouble_is_tried_again_and_lasting_trouble_is_not() {
    let rate = answer(
        "429 Too Many Requests",
        "",
        r#"{"message":"The API rate limit has been exceeded. Try again later."}"#,
    );
    let plain = answer("500 Internal Server Error", "", "plain");
    let (base, mut heads) = scripted(vec![plain.clone(), rate, String::new(), ok(BOT)]).await;
    assert!(client(&base, 4).bot_info("t").await.is_ok());
    for _ in 0..4 {
        assert!(heads.recv().await.is_some());
    }

    let (base, mut heads) = scripted(vec![plain.clone(), plain.clone(), plain.clone()]).await;
    let fault = client(&base, 3).bot_info("t").await.unwrap_err();
    assert!(matches!(fault, LineFault::Server { status: 500, .. }));
    assert_eq!(drain(&mut heads), 3);

    let denied = answer("401 Unauthorized", "", "{}");
    let (base, mut heads) = scripted(vec![denied.clone(), denied]).await;
    assert!(client(&base, 3).bot_info("t").await.is_err());
    assert_eq!(drain(&mut heads), 1);
}

fn drain(heads: &mut mpsc::UnboundedReceiver<String>) -> usize {
    std::iter::from_fn(|| heads.try_recv().ok()).count()
}

#[tokio::test]
async fn retry_after_is_waited_for_unless_it_is_too_long() {
    let busy = |seconds: &str| answer("503 Service Unavailable", &format!("retry-after: {seconds}\r\n"), "");
    let (base, _heads) = scripted(vec![busy("1"), ok(BOT)]).await;
    let began = Instant::now();
    assert!(client(&base, 2).bot_info("t").await.is_ok());
    assert!(began.elapsed() >= Duration::from_secs(1));

    let (base, mut heads) = scripted(vec![busy("3600"), ok(BOT)]).await;
    let fault = client(&base, 2).bot_info("t").await.unwrap_err();
    assert_eq!(fault.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(drain(&mut heads), 1);
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_simply_wrong() {
    let fault = client("http://127.0.0.1:9", 1).bot_info("line\nbreak").await.unwrap_err();
    assert_eq!(fault, LineFault::Unauthorized { request_id: None });
}
