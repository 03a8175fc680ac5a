//! What only shows on a real connection: who is still sending, who waits, who is told to stop.

use std::net::SocketAddr;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Api, KEY};
use crate::serve;

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

async fn run(api: &Api) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(serve(listener, api.state.clone(), async { drop(stopped.await) }));
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
    server.task.await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}
