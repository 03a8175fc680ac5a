//! CSV uploads over HTTP (CSV-*).
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use serde_json::json;
use testkit::{Caller, Server, ServerOptions};

async fn server() -> (Server, Caller) {
    let server = Server::start(env!("CARGO_BIN_EXE_enmusubi"), ServerOptions::default()).await.unwrap();
    let caller = server.caller();
    (server, caller)
}

async fn report(caller: &Caller, import: &serde_json::Value) -> String {
    let path = format!("/imports/{}/report.csv", import["import_id"].as_str().unwrap());
    let answer = caller.get(&path).await.unwrap();
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
    answer.text
}

/// The 10,000 customers of the fixtures; a second run ends in the same state.
#[tokio::test]
async fn ten_thousand_customers_are_imported_and_again_to_the_same_state() {
    let (_server, caller) = server().await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/csv/customers-10000.csv");
    let file = std::fs::read(path).unwrap();
    let first = caller.import(file.clone()).await.unwrap();
    assert_eq!(
        (&first["status"], &first["rows_read"], &first["rows_created"]),
        (&json!("Complete"), &json!(10_000), &json!(10_000))
    );
    let ids = ["cust-0000001", "cust-0000049", "cust-0009999"];
    let before = caller.export(json!({"external_ids": ids})).await.unwrap();
    assert_eq!(before.len(), 3);
    let again = caller.import(file).await.unwrap();
    assert_eq!((&again["rows_created"], &again["rows_updated"]), (&json!(0), &json!(10_000)));
    assert_eq!(caller.export(json!({"external_ids": ids})).await.unwrap(), before);
}

/// CSV-2, CSV-3, CSV-14, CSV-21: each bad row costs itself; lines are those of the file; the good rest is applied.
#[tokio::test]
async fn bad_rows_are_reported_with_their_line_and_the_rest_is_applied() {
    let (_server, caller) = server().await;
    let mut file = b"external_id,email,email_subscribe,points\n".to_vec();
    file.extend_from_slice(b"a,a@example.com,subscribed,1\n"); // 2
    file.extend_from_slice(b"b,\"open quote,subscribed,2\n"); // 3
    file.extend_from_slice(b"c,c@example.com,Unsubscribed,3\n"); // 4: warning
    file.extend_from_slice(b"d,d@example.com\n"); // 5: cells
    file.extend_from_slice(b"e,\xff\xfe,subscribed,5\n"); // 6: encoding
    file.extend_from_slice(b"f,f@example.com,subscribed,x\0y\n"); // 7: warning
    file.extend_from_slice(b"\n"); // 8: blank, skipped
    file.extend_from_slice(b",,,9\n"); // 9: names nobody
    file.extend_from_slice(b"g,g@example.com,unsubscribed,10\n"); // 10
    let import = caller.import(file).await.unwrap();
    assert_eq!(import["status"], "Partial success");
    let counts = ["rows_read", "rows_created", "rows_skipped", "rows_warned"]
        .map(|name| import[name].as_u64().unwrap());
    assert_eq!(counts, [8, 4, 4, 2]);
    let report = report(&caller, &import).await;
    let lines: Vec<_> =
        report.lines().skip(1).map(|line| line.split(',').take(2).collect::<Vec<_>>().join(",")).collect();
    assert_eq!(lines, ["3,error", "4,warning", "5,error", "6,error", "7,warning", "9,error"]);
    assert!(report.starts_with("line,level,field,reason,external_id,email,email_subscribe,points\n"));
    // What was wrong can be mended and sent again: the cells are there, under the columns of the file.
    for (line, cells) in [
        (1, "b,\"\"\"open quote\",subscribed,2"),
        (3, "d,d@example.com,,"),
        (4, "e,\u{fffd}\u{fffd},subscribed,5"),
    ] {
        assert!(report.lines().nth(line).unwrap().ends_with(cells), "{report}");
    }
    let users = caller.export(json!({"external_ids": ["a", "c", "f", "g"]})).await.unwrap();
    assert_eq!(users.len(), 4);
    assert_eq!(users[1]["email_subscribe"], "subscribed", "the invalid state was left out");
    assert_eq!(users[3]["email_subscribe"], "unsubscribed");
}

/// CAT-2, CSV-21: what the type of an attribute cannot hold is left out, and the row says so.
#[tokio::test]
async fn a_value_that_does_not_fit_its_type_is_a_warning() {
    let (_server, caller) = server().await;
    let types = json!({"forced_types": {"vip": "Boolean", "n": "Number"}});
    assert_eq!(caller.patch("/workspace/settings", &types).await.unwrap().status, 200);
    let import = caller.import("external_id,vip,n\nfits,true,1\nnot,maybe,abc\n").await.unwrap();
    assert_eq!((&import["status"], &import["rows_warned"]), (&json!("Complete"), &json!(1)));
    let report = report(&caller, &import).await;
    let warned = |field| report.contains(&format!("3,warning,{field},the value does not fit the type"));
    assert!(warned("vip") && warned("n") && !report.contains("2,warning"), "{report}");
}

/// A report that cannot be written is known before anything is imported.
#[tokio::test]
async fn a_report_that_cannot_be_made_stops_the_import() {
    let (server, caller) = server().await;
    let file = server.folder().join("users.csv");
    std::fs::write(&file, "external_id,phone\nreported,x\n").unwrap();
    let file = file.to_str().unwrap();
    for report in ["/no/such/folder/report.csv", file] {
        let (code, _, said) = server.command(&["import", "users", file, "--report", report]).await.unwrap();
        assert!(code == 2 && said.contains("nothing was imported"), "{said}");
    }
    assert!(caller.export(json!({"external_ids": ["reported"]})).await.unwrap().is_empty());
    let (code, told, _) = server.command(&["import", "users", file]).await.unwrap();
    assert!(code == 0 && told.contains("/report.csv, or --report FILE"), "{told}");
}

/// CSV-8, section 7.2: refused at once, nothing stored.
#[tokio::test]
async fn unusable_headers_are_400_at_once() {
    let (_server, caller) = server().await;
    for (file, hint) in [
        ("first_name\nx\n", "identifier column"),
        ("external_id,user_alias_name,user_alias_label\na,b,c\n", "cannot be in one file"),
        ("", "empty"),
        ("email,email\na,b\n", "same name"),
    ] {
        let answer = caller.post_csv("/imports/users", file).await.unwrap();
        assert_eq!((answer.status, &answer.json["code"]), (400, &json!("csv_header_invalid")), "{file}");
        assert!(answer.json["message"].as_str().unwrap().contains(hint), "{}", answer.text);
    }
}

/// CSV-11, CSV-13: blank never clears; leading zeros stay text.
#[tokio::test]
async fn blank_cells_never_clear_and_leading_zeros_stay() {
    let (_server, caller) = server().await;
    let body = json!({"attributes": [{"external_id": "a", "first_name": "Ann", "points": 7, "email": "a@example.com"}]});
    caller.track(&body).await.unwrap();
    let import = caller.import("external_id,first_name,points,email,code\na,,,,0130\n").await.unwrap();
    assert_eq!(import["status"], "Complete");
    let users = caller.export(json!({"external_ids": ["a"]})).await.unwrap();
    assert_eq!((&users[0]["first_name"], &users[0]["email"]), (&json!("Ann"), &json!("a@example.com")));
    assert_eq!(users[0]["custom_attributes"], json!({"code": "0130", "points": 7}));
}

/// A dry run writes no profile; a multipart form works like a plain body.
#[tokio::test]
async fn dry_runs_write_nothing_and_forms_are_taken() {
    let (_server, caller) = server().await;
    let answer = caller.post_csv("/imports/users?dry_run=true&name=try", "external_id\ndry\n").await.unwrap();
    assert_eq!(answer.status, 202);
    let path = format!("/imports/{}", answer.json["import_id"].as_str().unwrap());
    let ended = testkit::eventually("the dry run ends", 20, async || {
        let state = caller.get(&path).await.ok()?.json;
        (state["status"] == "Complete").then_some(state)
    });
    assert_eq!(ended.await.unwrap()["name"], "try");
    assert!(caller.export(json!({"external_ids": ["dry"]})).await.unwrap().is_empty());
    let form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"people.csv\"\r\n\r\nexternal_id\nform\n\r\n--b--\r\n";
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let answer = caller.send("/imports/users", &headers, form.into()).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text);
    testkit::eventually("the form's customer is there", 20, async || {
        let users = caller.export(json!({"external_ids": ["form"]})).await.ok()?;
        (users.len() == 1).then_some(())
    })
    .await
    .unwrap();
}

/// The command line imports while the server runs; exit codes of the contract.
#[tokio::test]
async fn the_command_line_imports_beside_the_server() {
    let (server, caller) = server().await;
    let file = server.folder().join("people.csv");
    std::fs::write(&file, "external_id,first_name\ncli-1,Ann\n").unwrap();
    let (code, _, log) =
        server.command(&["import", "users", file.to_str().unwrap(), "--json"]).await.unwrap();
    assert_eq!(code, 0, "{log}");
    assert_eq!(caller.export(json!({"external_ids": ["cli-1"]})).await.unwrap().len(), 1);
    std::fs::write(&file, "external_id,first_name\ncli-2,Ann\n,\n,x\n").unwrap();
    let (code, _, log) = server.command(&["import", "users", file.to_str().unwrap()]).await.unwrap();
    assert_eq!(code, 3, "{log}");
    assert_eq!(caller.export(json!({"external_ids": ["cli-2"]})).await.unwrap().len(), 1);
    let missing = server.folder().join("missing.csv");
    let (code, _, complaint) = server.command(&["import", "users", missing.to_str().unwrap()]).await.unwrap();
    assert!(code == 1 && complaint.contains("missing.csv"), "{code} {complaint}");
    let (code, _, _) = server.command(&["import", "users"]).await.unwrap();
    assert_eq!(code, 2);
    std::fs::write(&file, "first_name\nx\n").unwrap();
    let (code, _, _) = server.command(&["import", "users", file.to_str().unwrap()]).await.unwrap();
    assert_eq!(code, 2);
    let (code, found, _) =
        server.command(&["profile", "get", "--external-id", "cli-1", "--json"]).await.unwrap();
    assert_eq!(code, 0);
    assert!(found.contains("cli-1"));
    let (code, _, _) = server.command(&["profile", "get", "--external-id", "nobody"]).await.unwrap();
    assert_eq!(code, 1);
}

/// Names of the files that wait in the uploads folder.
fn uploads(server: &Server) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(server.folder().join("data/uploads")) else { return Vec::new() };
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// A caller that goes in the middle of its file leaves nothing; what a killed server was receiving goes at the start.
#[tokio::test]
async fn broken_uploads_leave_no_file() {
    use tokio::io::AsyncWriteExt as _;

    let (mut server, caller) = server().await;
    let address = caller.base().strip_prefix("http://").unwrap().to_owned();
    let begin = async || {
        let mut connection = tokio::net::TcpStream::connect(&address).await.unwrap();
        let head = "POST /imports/users HTTP/1.1\r\nhost: x\r\nauthorization: Bearer test-key\r\n\
            content-type: text/csv\r\ncontent-length: 1000\r\n\r\nexternal_id\nhalf\n";
        connection.write_all(head.as_bytes()).await.unwrap();
        connection
    };
    let connection = begin().await;
    let arrives = testkit::eventually("the file is being received", 20, async || {
        (uploads(&server).len() == 1).then_some(())
    });
    arrives.await.unwrap();
    assert!(uploads(&server)[0].ends_with(".part"));
    drop(connection);
    let goes =
        testkit::eventually("the file is gone", 20, async || uploads(&server).is_empty().then_some(()));
    goes.await.unwrap();
    let _connection = begin().await;
    let arrives = testkit::eventually("a file is there again", 20, async || {
        (uploads(&server).len() == 1).then_some(())
    });
    arrives.await.unwrap();
    server.kill9().await.unwrap();
    assert_eq!(uploads(&server).len(), 1);
    server.restart().await.unwrap();
    assert_eq!(uploads(&server), Vec::<String>::new());
}
