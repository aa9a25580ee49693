//! What every test needs: a world of its own, a client that shows the bare bytes, and bounded waits.
#![allow(dead_code, reason = "each test file uses a part of it")]

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_sim::world::{World, WorldConfig};
use aws_smithy_runtime_api::client::identity::Identity;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than anything that works, shorter than a person's patience.
pub const LONG: Duration = Duration::from_secs(20);
/// How long a hang must last to count as one.
pub const HANGS: Duration = Duration::from_millis(400);

/// A world from a JSON configuration.
pub fn world(config: Value) -> Arc<World> {
    World::start(serde_json::from_value::<WorldConfig>(config).unwrap()).unwrap()
}

/// Applies an action.
pub async fn act(world: &Arc<World>, action: Value) {
    world.perform(&action).await.unwrap();
}

/// How an exchange ended.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// How an exchange failed.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    Refused,
    ConnectHangs,
    AnswerHangs,
    Reset,
    NoAnswer,
}

/// One request on one connection, read to its end; `patience` bounds the connect and the answer each.
pub async fn exchange(
    base: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    patience: Duration,
) -> Result<Answer, Failure> {
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = match tokio::time::timeout(patience, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(e)) if e.kind() == ErrorKind::ConnectionRefused => return Err(Failure::Refused),
        Ok(Err(e)) => panic!("connect: {e}"),
        Err(_) => return Err(Failure::ConnectHangs),
    };
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request.push_str(&format!("Host: {address}\r\n"));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let mut bytes = request.into_bytes();
    bytes.extend_from_slice(body);
    let mut answer = Vec::new();
    let talk = async {
        stream.write_all(&bytes).await?;
        stream.read_to_end(&mut answer).await
    };
    match tokio::time::timeout(patience, talk).await {
        Ok(Ok(_)) => {}
        Ok(Err(e)) if e.kind() == ErrorKind::ConnectionReset => return Err(Failure::Reset),
        Ok(Err(e)) => panic!("talk: {e}"),
        Err(_) => return Err(Failure::AnswerHangs),
    }
    if answer.is_empty() {
        return Err(Failure::NoAnswer);
    }
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Ok(Answer { status, head, body: answer[end + 4..].to_vec() })
}

pub const TOKEN: &str = "/latest/api/token";
pub const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
pub const EXTENDED: &str = "/latest/meta-data/iam/security-credentials-extended/";
pub const CREDENTIALS: &str = "/latest/meta-data/iam/security-credentials/app-role";
pub const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
pub const TOKEN_HEADER: &str = "X-aws-ec2-metadata-token";

/// A GET without a token.
pub async fn get(base: &str, path: &str) -> Result<Answer, Failure> {
    exchange(base, "GET", path, &[], b"", LONG).await
}

/// An IMDSv2 token.
pub async fn token(base: &str) -> String {
    exchange(base, "PUT", TOKEN, &[(TTL, "60")], b"", LONG).await.unwrap().text().to_string()
}

/// The key that IMDS serves.
pub async fn served_key(base: &str) -> String {
    credentials(base).await["AccessKeyId"].as_str().unwrap().to_string()
}

/// The credentials that IMDS serves.
pub async fn credentials(base: &str) -> Value {
    get(base, CREDENTIALS).await.unwrap().json()
}

/// A request that is about to be signed; each field can be made wrong.
pub struct Call {
    pub access_key_id: String,
    pub secret: String,
    /// Keys of users have none.
    pub token: Option<String>,
    pub region: &'static str,
    pub service: &'static str,
    pub at: DateTime<Utc>,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    pub path: String,
}

impl Call {
    fn with(credentials: &Value, headers: Vec<(&'static str, String)>, body: String) -> Self {
        let field = |name: &str| credentials[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_string();
        Self {
            access_key_id: field("AccessKeyId"),
            secret: field("SecretAccessKey"),
            token: credentials["Token"].as_str().map(Into::into),
            region: "us-east-1",
            service: "sqs",
            at: DateTime::from(SystemTime::UNIX_EPOCH) + since_epoch(),
            headers,
            body,
            path: "/".into(),
        }
    }

    /// By the JSON protocol.
    pub fn json(credentials: &Value, operation: &str, body: Value) -> Self {
        let headers = vec![
            ("content-type", "application/x-amz-json-1.0".to_string()),
            ("x-amz-target", format!("AmazonSQS.{operation}")),
        ];
        Self::with(credentials, headers, body.to_string())
    }

    /// By the query protocol.
    pub fn query(credentials: &Value, form: &str) -> Self {
        let headers = vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_string())];
        Self::with(credentials, headers, format!("{form}&Version=2012-11-05"))
    }

    /// To STS.
    pub fn sts(credentials: &Value, form: &str) -> Self {
        let headers = vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_string())];
        let call = Self::with(credentials, headers, format!("{form}&Version=2011-06-15"));
        Self { service: "sts", ..call }
    }

    /// A SendMessage to the queue that each world has.
    pub fn send(world: &World, credentials: &Value) -> Self {
        let url = format!("{}/123456789012/demo", world.sqs);
        Self::json(credentials, "SendMessage", json!({"QueueUrl": url, "MessageBody": "hello"}))
    }

    /// Signs later or earlier than now.
    pub fn shifted(mut self, seconds: i64) -> Self {
        self.at += TimeDelta::seconds(seconds);
        self
    }

    /// The headers as the SDK's signer makes them.
    pub fn signed(&self, base: &str) -> Vec<(String, String)> {
        let host = base.strip_prefix("http://").unwrap().to_string();
        let identity: Identity =
            Credentials::new(&self.access_key_id, &self.secret, self.token.clone(), None, "test").into();
        let params: SigningParams<'_> = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.at.into())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let mut headers: Vec<(String, String)> =
            self.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        headers.push(("host".into(), host));
        let request = SignableRequest::new(
            "POST",
            format!("{base}{}", self.path),
            headers.iter().map(|(n, v)| (n.as_str(), v.as_str())),
            SignableBody::Bytes(self.body.as_bytes()),
        )
        .unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        headers.extend(instructions.headers().map(|(n, v)| (n.to_string(), v.to_string())));
        headers
    }

    /// Signs and sends.
    pub async fn go(&self, base: &str) -> Answer {
        let headers = self.signed(base);
        self.go_with(base, &headers).await
    }

    /// Sends with headers that may have been changed after signing.
    pub async fn go_with(&self, base: &str, headers: &[(String, String)]) -> Answer {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        exchange(base, "POST", &self.path, &headers, self.body.as_bytes(), LONG).await.unwrap()
    }
}

/// The text of the first element of this name.
pub fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

/// The credentials of an answer of STS, under the names of IMDS.
pub fn sts_credentials(answer: &Answer) -> Value {
    let text = answer.text();
    assert_eq!(answer.status, 200, "{text}");
    json!({
        "AccessKeyId": element(text, "AccessKeyId"),
        "SecretAccessKey": element(text, "SecretAccessKey"),
        "Token": element(text, "SessionToken"),
        "Expiration": element(text, "Expiration"),
    })
}

/// Status, code and text of a refusal of STS.
pub fn sts_refusal(answer: &Answer) -> (u16, String, String) {
    let text = answer.text();
    assert!(text.starts_with("<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"), "{text}");
    let field = |name: &str| quick_xml::escape::unescape(element(text, name).unwrap()).unwrap().to_string();
    assert!(answer.header("x-amzn-requestid") == element(text, "RequestId") && answer.header("date").is_some());
    (answer.status, field("Code"), field("Message"))
}

/// The last entry about a listener.
pub fn last_entry(world: &World, listener: &str) -> aws_sim::journal::Entry {
    let entries = world.state().journal.since(0).entries;
    entries.into_iter().rfind(|entry| entry.listener == listener).unwrap()
}

/// Every secret that a world tells of.
pub fn secrets(world: &World) -> Vec<String> {
    serde_json::from_value(world.secrets()["secrets"].clone()).unwrap()
}

/// The key of the one user of a world, under the names of IMDS.
pub fn user_key(world: &World) -> Value {
    let user = &world.reply()["users"][0];
    json!({"AccessKeyId": user["access_key_id"], "SecretAccessKey": user["secret_access_key"]})
}

fn since_epoch() -> TimeDelta {
    TimeDelta::from_std(Duration::from_secs(aws_sim::clock::now().timestamp().unsigned_abs())).unwrap()
}
