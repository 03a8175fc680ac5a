//! What bodies may look like: compressed, in chunks, with a byte order mark, with names twice, empty.

use async_compression::tokio::bufread::{GzipEncoder, ZstdEncoder};
use axum::body::Body;
use axum::http::{HeaderName, Method, header};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use super::{Answer, Api, JSON, KEY};
use crate::body;

const TRACK: (Method, &str) = (Method::POST, "/users/track");

const GZIP: (HeaderName, &str) = (header::CONTENT_ENCODING, "gzip");

const ZSTD: (HeaderName, &str) = (header::CONTENT_ENCODING, "zstd");

async fn pack(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    match coding {
        "gzip" => GzipEncoder::new(bytes).read_to_end(&mut packed).await.unwrap(),
        _ => ZstdEncoder::new(bytes).read_to_end(&mut packed).await.unwrap(),
    };
    packed
}

async fn track(api: &Api, headers: [(HeaderName, &str); 2], body: impl Into<Body>) -> Answer {
    api.send(TRACK, Some(KEY), headers, body).await
}

/// The custom attributes that a body leaves on profile `a`.
async fn left(api: &Api, body: impl Into<Body>) -> Value {
    let answer = api.send(TRACK, Some(KEY), [JSON], body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let asked = json!({"external_ids": ["a"]}).to_string();
    let found = api.send((Method::POST, "/users/export/ids"), Some(KEY), [JSON], asked).await.json();
    found["users"][0]["custom_attributes"].clone()
}

#[tokio::test]
async fn compressed_bodies_are_read() {
    let api = Api::start().await;
    for coding in [GZIP, ZSTD] {
        let name = coding.1;
        let json = json!({"attributes": [{"external_id": name, "how": "packed"}]}).to_string();
        let packed = pack(name, json.as_bytes()).await;
        let answer = track(&api, [JSON, coding.clone()], packed.clone()).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["attributes_processed"]), (201, &json!(1)));
        // In pieces of one byte, and as two members: the end of the text comes with the second.
        let (first, second) = json.split_at(json.len() / 2);
        let members = [pack(name, first.as_bytes()).await, pack(name, second.as_bytes()).await].concat();
        let pieces = members.into_iter().map(|byte| Ok::<_, std::io::Error>(vec![byte]));
        let answer =
            track(&api, [JSON, coding], Body::from_stream(stream::iter(pieces.collect::<Vec<_>>()))).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    let asked = json!({"external_ids": ["gzip", "zstd"]}).to_string();
    let found = api.send((Method::POST, "/users/export/ids"), Some(KEY), [JSON], asked).await.json();
    assert_eq!(found["users"].as_array().unwrap().len(), 2);
}

/// A few kilobytes that unpack to more than the limit are as large as what they unpack to.
#[tokio::test]
async fn the_limit_is_on_what_a_body_unpacks_to() {
    let api = Api::start().await;
    for coding in [GZIP, ZSTD] {
        let fits = pack(coding.1, &vec![b' '; body::TRACK]).await;
        let bomb = pack(coding.1, &vec![b' '; body::TRACK + 1]).await;
        let huge = pack(coding.1, &vec![b' '; 256 << 20]).await;
        assert!(bomb.len() < 100_000);
        assert_eq!(track(&api, [JSON, coding.clone()], fits).await.status, 400);
        for packed in [bomb, huge] {
            let answer = track(&api, [JSON, coding.clone()], packed).await;
            assert_eq!(answer.code(), (413, "body_too_large".to_owned()));
        }
        let export = (Method::POST, "/users/export/ids");
        let packed = pack(coding.1, &vec![b' '; body::JSON + 1]).await;
        assert_eq!(api.send(export, Some(KEY), [JSON, coding], packed).await.status, 413);
    }
    // Members that unpack to nothing count as what comes over the wire.
    let nothing = pack("gzip", b"").await;
    let members = nothing.repeat(body::JSON / nothing.len() + 1);
    let piece = stream::iter([Ok::<_, std::io::Error>(members)]);
    let export = (Method::POST, "/users/export/ids");
    let answer = api.send(export, Some(KEY), [JSON, GZIP], Body::from_stream(piece)).await;
    assert_eq!(answer.code(), (413, "body_too_large".to_owned()));
}

#[tokio::test]
async fn damaged_packing_is_the_callers_fault() {
    let api = Api::start().await;
    let json = json!({"attributes": [{"external_id": "damaged"}]}).to_string();
    for coding in [GZIP, ZSTD] {
        let whole = pack(coding.1, json.as_bytes()).await;
        for damaged in [json.clone().into_bytes(), whole[..whole.len() - 3].to_vec(), Vec::from(&b"\0\0"[..])]
        {
            let answer = track(&api, [JSON, coding.clone()], damaged).await;
            assert_eq!(answer.code(), (400, "body_encoding_invalid".to_owned()), "{}", coding.1);
        }
    }
    let asked = json!({"external_ids": ["damaged"]}).to_string();
    let found = api.send((Method::POST, "/users/export/ids"), Some(KEY), [JSON], asked).await.json();
    assert_eq!(found["users"], json!([]));
}

/// A packed file is imported as the plain one is; one that is damaged leaves nothing behind.
#[tokio::test]
async fn packed_files_are_imported() {
    let api = Api::start().await;
    let csv = (header::CONTENT_TYPE, "text/csv");
    let import = (Method::POST, "/imports/users");
    let packed = pack("gzip", b"external_id,first_name\na,Hanako\n").await;
    let answer = api.send(import.clone(), Some(KEY), [csv.clone(), GZIP], packed.clone()).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let files = || std::fs::read_dir(api.folder.path()).unwrap().count();
    let before = files();
    let answer =
        api.send(import.clone(), Some(KEY), [csv.clone(), GZIP], packed[..packed.len() - 4].to_vec()).await;
    assert_eq!(answer.code(), (400, "body_encoding_invalid".to_owned()));
    assert_eq!(files(), before);
    let answer = api.send(import, Some(KEY), [csv, (header::CONTENT_ENCODING, "br")], packed).await;
    assert_eq!(answer.code(), (415, "content_encoding_unsupported".to_owned()));
}

/// GEN-2, CLI-5: parameters and case of the content type do not matter; its like do.
#[tokio::test]
async fn json_is_json_in_any_case_and_with_a_charset() {
    let api = Api::start().await;
    let sent = async |kind: &'static str| {
        let json = json!({"attributes": [{"external_id": "a"}]}).to_string();
        api.send(TRACK, Some(KEY), [(header::CONTENT_TYPE, kind)], json).await.status.as_u16()
    };
    for kind in [
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
        " application/json ",
    ] {
        assert_eq!(sent(kind).await, 201, "{kind}");
    }
    for kind in
        ["text/json", "application/vnd.api+json", "application/x-www-form-urlencoded", "json", "", "*/*"]
    {
        assert_eq!(sent(kind).await, 415, "{kind}");
    }
}

/// A byte order mark is no part of the text; of a name that stands twice in an object the last value counts.
#[tokio::test]
async fn marks_are_skipped_and_the_last_of_two_counts() {
    let api = Api::start().await;
    let marked = "\u{feff}{\"attributes\":[{\"external_id\":\"a\",\"n\":1}]}";
    assert_eq!(left(&api, marked).await, json!({"n": 1}));
    let twice =
        r#"{"attributes":[{"external_id":"b","n":1}],"attributes":[{"external_id":"a","n":2,"n":3}]}"#;
    assert_eq!(left(&api, twice).await, json!({"n": 3}));
    let inside = "{\"attributes\":[{\"external_id\":\"a\",\"n\":\u{feff}1}]}";
    assert_eq!(api.send(TRACK, Some(KEY), [JSON], inside).await.status, 400);
}

/// Section 0.1: each of the mistakes that Braze names, and those that parsers stumble over.
#[tokio::test]
async fn what_is_no_json_is_refused_with_the_documented_text() {
    let api = Api::start().await;
    let deep = "[".repeat(100_000);
    let texts: [&[u8]; 11] = [
        b"",
        b" ",
        b"{\"attributes\":[],}",
        b"{} // comment",
        b"{'attributes':[]}",
        b"{{\"attributes\":[]}}",
        b"{\"attributes\":\"a\" + \"b\"}",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":NaN}",
        b"\xff\xfe{\0}\0",
        deep.as_bytes(),
    ];
    for text in texts {
        let answer = api.send(TRACK, Some(KEY), [JSON], text.to_vec()).await;
        let message = "Error while parsing request body. Please check your syntax.";
        assert_eq!((answer.status.as_u16(), answer.json()), (400, json!({"message": message})));
    }
}

/// A text that was cut inside an emoji is grammatical JSON: the rest of the batch does not suffer, and what is left of it is
/// kept.
#[tokio::test]
async fn half_a_character_costs_nothing_else() {
    let api = Api::start().await;
    let text = br#"{"attributes":[{"external_id":"a","x":1},{"external_id":"b","first_name":"Hi \ud83d"}]}"#;
    let answer = api.send(TRACK, Some(KEY), [JSON], text.to_vec()).await;
    assert_eq!(answer.json(), json!({"message": "success", "attributes_processed": 2}));
}
