//! Beginning and end of a session, and what is no part of the protocol.

use serde_json::{Value, json};

use super::client::Client;

#[test]
fn a_session_begins_and_ends_as_the_protocol_says() {
    assert_eq!(Client::start().end(), Some(0));
    assert_eq!(Client::start().exit(), Some(1), "without `shutdown`");
    assert_eq!(Client::start().code(), Some(1), "the editor has gone");
    assert_eq!(Client::fresh().exit(), Some(1));
}

#[test]
fn requests_out_of_order_are_refused_and_do_no_harm() {
    let mut client = Client::fresh();
    let refused = |answer: &Value| answer["error"]["code"].as_i64();
    assert_eq!(refused(&client.request("textDocument/hover", json!({}))), Some(-32002));
    client.notify("textDocument/didOpen", json!({ "textDocument": { "uri": "file:///a.kdl", "text": "a {" } }));
    assert!(client.request("initialize", json!({}))["result"].is_object());
    assert_eq!(refused(&client.request("initialize", json!({}))), Some(-32600));
    assert_eq!(refused(&client.request("textDocument/rename", json!({}))), Some(-32601));
    for method in ["completion", "hover", "definition", "formatting", "documentSymbol"] {
        let method = format!("textDocument/{method}");
        for params in [Value::Null, json!([]), json!({ "textDocument": { "uri": "file:///a.kdl" } })] {
            assert_eq!(refused(&client.request(&method, params)), Some(-32602), "{method}");
        }
    }
    client.notify("$/cancelRequest", json!({ "id": 1 }));
    client.notify("textDocument/didChange", json!({ "contentChanges": [1, {}, null] }));
    client.send(&json!({ "jsonrpc": "2.0", "id": 99, "result": null }));
    client.write(b"Content-Length: 2\r\n\r\n{]");
    assert_eq!(refused(&client.next()), Some(-32700));
    client.write(b"Content-Type: x\r\n\r\n");
    assert_eq!(refused(&client.next()), Some(-32700));
    client.send(&json!([]));
    assert_eq!(refused(&client.next()), Some(-32600));
    assert_eq!(client.request("shutdown", Value::Null)["result"], Value::Null);
    assert_eq!(refused(&client.request("textDocument/hover", json!({}))), Some(-32600));
    assert_eq!(client.exit(), Some(0));
}

#[test]
fn hostile_texts_do_no_harm() {
    let mut client = Client::start();
    let uri = "untitled:a";
    client.open(uri, "");
    client.diagnostics(uri, 0);
    let texts = [
        "a {".repeat(50_000),
        "/*".repeat(50_000),
        "a /-{ ".repeat(5_000),
        "a \"\n".repeat(20_000),
        "a \"\"\"\n".repeat(20_000),
        "(a".repeat(50_000),
        "\u{0}\u{202e}\u{feff}é😀\r".repeat(1_000),
        "kind: Deployment\n".to_owned(),
    ];
    for (number, text) in (1..).zip(&texts) {
        client.change(uri, number, json!([{ "text": text }]));
        let found = client.diagnostics(uri, number);
        assert!(!found.is_empty(), "{}", &text[..20]);
        client.at("completion", uri, 0, 5);
        client.at("hover", uri, 0, 1);
        client.at("definition", uri, 9, 9);
        client.request("textDocument/documentSymbol", json!({ "textDocument": { "uri": uri } }));
        client.request("textDocument/formatting", json!({ "textDocument": { "uri": uri } }));
    }
    assert_eq!(client.end(), Some(0));
}
