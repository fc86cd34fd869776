use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use shopify::{Secret, sign};

use crate::process::{Nats, free_address, listens, run, tillstream, until};

/// Too few for the connections that are opened below.
const DESCRIPTORS: &str = "48";

#[test]
fn an_ingress_out_of_file_descriptors_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let nats = Nats::start(dir.path(), free_address(), "");
    assert_eq!(run(dir.path(), &["streams", "ensure", "--nats-url", &nats.url()]).status.code(), Some(0));
    let address = free_address();
    let ours = tillstream(dir.path());
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -n \"$1\"; shift; exec \"$@\"", "sh", DESCRIPTORS]).arg(ours.get_program());
    command.args(["ingress", "--nats-url", &nats.url(), "--listen", &address.to_string()]).current_dir(dir.path());
    command.env("TILLSTREAM_SHOPS_0_DOMAIN", "acme.myshopify.com").env("TILLSTREAM_SHOPS_0_SECRETS", "secret");
    command.env("TILLSTREAM_PRIVACY_KEK", "env:A_KEK").env("A_KEK", "01".repeat(32));
    let mut ingress = command.stderr(Stdio::null()).spawn().unwrap();
    until("the ingress listens", || listens(address));

    let idle: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(address).unwrap()).collect();
    for sequence in 1..=20 {
        let mut answer = None;
        until("a webhook is answered in spite of the idle ones", || {
            answer = post(address, sequence);
            answer.is_some()
        });
        let answer = answer.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && answer.contains(&format!("x-inbox-sequence: {sequence}\r\n")),
            "{answer}"
        );
    }
    drop(idle);
    assert_eq!(ingress.try_wait().unwrap(), None, "it still runs");
    ingress.kill().unwrap();
    ingress.wait().unwrap();
}

/// None when the connection was not answered.
fn post(address: std::net::SocketAddr, id: u64) -> Option<String> {
    let body = format!("{{\"id\":{id}}}");
    let signature = sign(body.as_bytes(), &Secret::new("secret").unwrap());
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let head = format!(
        "POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\nX-Shopify-Topic: products/delete\r\n\
         X-Shopify-Shop-Domain: acme.myshopify.com\r\nX-Shopify-Hmac-Sha256: {signature}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    (!answer.is_empty()).then_some(answer)
}
