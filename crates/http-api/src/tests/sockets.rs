//! What only shows on a real connection: who is still sending, who waits, who is told to stop.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Api, KEY};
use crate::{Patience, serve};

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn run(api: &Api) -> Running {
    run_with(api, Patience::default()).await
}

async fn run_with(api: &Api, patience: Patience) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(serve(listener, api.state.clone(), patience, async { drop(stopped.await) }));
    Running { address, stop, task }
}

fn head(key: &str, length: usize, more: &str) -> String {
    format!(
        "POST /users/track HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n{more}\r\n"
    )
}

/// Everything the server says until it closes.
async fn read(connection: &mut TcpStream) -> String {
    let mut text = Vec::new();
    connection.read_to_end(&mut text).await.unwrap();
    String::from_utf8(text).unwrap()
}

/// A sender of too much that reads only once it has sent all still sees why it was refused.
#[tokio::test]
async fn a_ten_megabyte_body_gets_its_413() {
    let api = Api::start().await;
    let server = run(&api).await;
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    connection.write_all(head(KEY, 10 << 20, "").as_bytes()).await.unwrap();
    connection.write_all(&vec![b' '; 10 << 20]).await.unwrap();
    let answer = read(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("body_too_large"));
}

/// The same for a wrong key and a body of ordinary size.
#[tokio::test]
async fn an_ordinary_body_with_a_wrong_key_gets_its_401() {
    let api = Api::start().await;
    let server = run(&api).await;
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    connection.write_all(head("wrong", 1 << 20, "").as_bytes()).await.unwrap();
    connection.write_all(&vec![b' '; 1 << 20]).await.unwrap();
    let answer = read(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

/// Who asks first is refused before it sends.
#[tokio::test]
async fn who_waits_for_100_continue_is_refused_without_it() {
    let api = Api::start().await;
    let server = run(&api).await;
    for (key, length, status) in [("wrong", 100, "401"), (KEY, 10 << 20, "413")] {
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        connection.write_all(head(key, length, "expect: 100-continue\r\n").as_bytes()).await.unwrap();
        let answer = read(&mut connection).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

/// GEN-3: the address that counts is the peer's.
#[tokio::test]
async fn keys_with_addresses_see_the_peer() {
    let api = Api::start().await;
    let server = run(&api).await;
    for (block, status) in [("127.0.0.0/8", "400"), ("192.0.2.0/24", "403")] {
        let key = api.key("users.track", Some(block)).await;
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        connection.write_all((head(&key, 2, "") + "{}").as_bytes()).await.unwrap();
        let answer = read(&mut connection).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

/// Told to stop in the middle of a request: it finishes, nobody new comes in, and the server returns.
#[tokio::test]
async fn a_request_in_flight_finishes_before_the_server_ends() {
    let api = Api::start().await;
    let server = run(&api).await;
    let body = json!({"attributes": [{"external_id": "a"}]}).to_string();
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    // `100 Continue` says that the handler has begun to read.
    connection.write_all(head(KEY, body.len(), "expect: 100-continue\r\n").as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    connection.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.stop.send(()).unwrap();
    connection.write_all(body.as_bytes()).await.unwrap();
    let answer = read(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    server.task.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

/// One who opens a connection and dribbles headers, or says nothing at all, does not keep it.
#[tokio::test]
async fn headers_that_do_not_end_close_the_connection() {
    let api = Api::start().await;
    let patience = Patience { headers: Duration::from_millis(150), ..Patience::default() };
    let server = run_with(&api, patience).await;
    for begun in ["", "POST /users/track HTTP/1.1\r\nhost:"] {
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        let start = Instant::now();
        connection.write_all(begun.as_bytes()).await.unwrap();
        let answer = read(&mut connection).await;
        assert!(!answer.contains(" 200 ") && start.elapsed() >= patience.headers, "{answer}");
    }
    // One who is quick is not cut off, and may go on with the same connection.
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    for _ in 0..3 {
        connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut line = [0; 15];
        connection.read_exact(&mut line).await.unwrap();
        assert_eq!(&line, b"HTTP/1.1 200 OK");
        let mut rest = Vec::new();
        while !rest.ends_with(b"{\"message\":\"success\"}") {
            rest.push(connection.read_u8().await.unwrap());
        }
    }
}

/// 408 with the envelope, on every way that a body is read; pauses within the limit are fine.
#[tokio::test]
async fn a_body_that_comes_to_a_halt_is_408() {
    let api = Api::start().await;
    let server = run_with(&api, Patience { body: Duration::from_millis(150), ..Patience::default() }).await;
    let form = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nexternal_id\nhalf";
    for (path, kind, begun) in [
        ("/users/track", "application/json", "{\"attributes\":["),
        ("/line/events/1", "application/json", "{\"events\":["),
        ("/imports/users", "text/csv", "external_id\nhalf"),
        ("/imports/users", "multipart/form-data; boundary=b", form),
    ] {
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-type: {kind}\r\n\
             content-length: 500\r\n\r\n{begun}"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        let answer = read(&mut connection).await;
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("x-request-id"), "{path} {answer}");
        assert!(answer.contains("\"code\":\"body_timeout\",\"message\":"), "{path} {answer}");
    }
    assert_eq!(std::fs::read_dir(api.folder.path()).unwrap().count(), 0);
    // Slow as a whole, but never silent: 20 pieces at intervals that together are longer than the limit.
    let body = json!({"attributes": [{"external_id": "a", "note": "x".repeat(100)}]}).to_string();
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    connection.write_all(head(KEY, body.len(), "").as_bytes()).await.unwrap();
    let start = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    for piece in body.as_bytes().chunks(body.len().div_ceil(20)) {
        pace.tick().await;
        connection.write_all(piece).await.unwrap();
    }
    assert!(start.elapsed() > Duration::from_millis(150));
    let answer = read(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}
