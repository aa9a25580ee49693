//! What does the instance metadata service answer to this request? As strict as the real one; faults shape the answer.

use crate::actions::{Kind, Scope, WrongJson};
use crate::clock::{http_date, imds_time, now, whole_second};
use crate::faults::Hit;
use crate::journal::{Entry, Service};
use crate::listener::{Raw, Reply};
use crate::roles::CredentialSet;
use crate::world::{ImdsMode, State, World};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::Full;
use hyper::header::HeaderMap;
use hyper::{Method, Request, Response};
use serde_json::{Value, json};

const TTL_HEADER: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN_HEADER: &str = "x-aws-ec2-metadata-token";
const LEGACY: &str = "/latest/meta-data/iam/security-credentials";
const EXTENDED: &str = "/latest/meta-data/iam/security-credentials-extended";
/// More live tokens than any test asks for; the oldest go first.
const MAX_TOKENS: usize = 100_000;

/// An answer before it becomes bytes.
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    access_key_id: Option<String>,
}

impl Answer {
    fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type", content_type.to_string())];
        Self { status, headers, body: body.into(), access_key_id: None }
    }

    fn text(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/plain", body)
    }

    /// The page that stands for every refusal.
    fn refusal(status: u16) -> Self {
        let title = format!("{status} - {}", reason(status));
        let page = format!(
            "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 \
             Transitional//EN\"\n\t\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n<html \
             xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n <head>\n  <title>{title}</title>\n \
             </head>\n <body>\n  <h1>{title}</h1>\n </body>\n</html>\n"
        );
        Self::new(status, "text/html", page)
    }

    fn head(&self, content_length: Option<usize>) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(length) = content_length {
            head.push_str(&format!("Content-Length: {length}\r\n"));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    fn http(self) -> Reply {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        match response.body(Full::new(Bytes::from(self.body))) {
            Ok(response) => Reply::Http(response),
            Err(e) => unreachable!("the headers of an answer are our own text: {e}"),
        }
    }
}

fn reason(status: u16) -> &'static str {
    hyper::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Unknown")
}

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked<'a> {
    Token,
    RoleList { extended: bool },
    Credentials { extended: bool, role: &'a str },
    IdentityDocument,
    Region,
    Zone,
    Nothing,
}

impl<'a> Asked<'a> {
    /// A trailing slash makes no difference, as on today's instances.
    fn parse(path: &'a str) -> Self {
        let path = path.strip_suffix('/').unwrap_or(path);
        for (prefix, extended) in [(EXTENDED, true), (LEGACY, false)] {
            match path.strip_prefix(prefix) {
                Some("") => return Asked::RoleList { extended },
                Some(rest) => {
                    if let Some(role) = rest.strip_prefix('/') {
                        return Asked::Credentials { extended, role };
                    }
                }
                None => {}
            }
        }
        match path {
            "/latest/api/token" => Asked::Token,
            "/latest/dynamic/instance-identity/document" => Asked::IdentityDocument,
            "/latest/meta-data/placement/region" => Asked::Region,
            "/latest/meta-data/placement/availability-zone" => Asked::Zone,
            _ => Asked::Nothing,
        }
    }

    fn scope(&self) -> Scope {
        match self {
            Asked::Token => Scope::Token,
            Asked::RoleList { .. } => Scope::Role,
            Asked::Credentials { .. } => Scope::Credentials,
            _ => Scope::All,
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

/// Answers one request to the listener called `listener`, and writes it into the journal.
pub fn answer<B>(world: &World, listener: &str, request: &Request<B>) -> Reply {
    let path = request.uri().path();
    let asked = Asked::parse(path);
    let now = now();
    let mut state = world.state();
    let state = &mut *state;
    let hit = state.faults.hit(listener, asked.scope());
    let date = now + TimeDelta::seconds(state.faults.date_offset(listener, asked.scope()).into());

    let mut answer = ordinary(state, world, &asked, request, hit.as_ref(), now);
    answer.headers.push(("Date", http_date(date)));
    answer.headers.push(("Server", "EC2ws".into()));
    answer.headers.push(("Connection", "close".into()));
    let access_key_id = answer.access_key_id.clone();
    let (status, reply) = match &hit {
        None => (Some(answer.status), answer.http()),
        Some(hit) => shape(answer, &hit.kind, path, state),
    };

    let mut entry = Entry::new(now, Service::Imds, listener, request.method().as_str(), path);
    entry.status = status;
    entry.access_key_id = access_key_id;
    entry.fault = hit.map(|h| h.kind.name());
    entry.user_agent = header(request.headers(), "user-agent").map(Into::into);
    state.journal.add(entry);
    reply
}

/// The answer to a request as the real service gives it; of faults, only those that choose the content count here.
fn ordinary<B>(
    state: &mut State,
    world: &World,
    asked: &Asked<'_>,
    request: &Request<B>,
    hit: Option<&Hit>,
    now: DateTime<Utc>,
) -> Answer {
    let mode = world.config.imds_mode;
    let headers = request.headers();
    if *asked == Asked::Token {
        return match *request.method() {
            _ if mode == ImdsMode::V1Only => Answer::refusal(404),
            Method::PUT => token(state, headers, now),
            _ => Answer::refusal(405),
        };
    }
    if request.method() != Method::GET {
        return Answer::refusal(405);
    }
    let mut ttl = None;
    if mode != ImdsMode::V1Only {
        match headers.get(TOKEN_HEADER) {
            None if mode == ImdsMode::V2Only => return Answer::refusal(401),
            None => {}
            Some(value) => {
                let known = value.to_str().ok().and_then(|t| state.tokens.get(t));
                match known {
                    Some(&ends) if now < ends => ttl = Some((ends - now).num_seconds()),
                    _ => return Answer::refusal(401),
                }
            }
        }
    }
    let mut answer = content(state, world, asked, hit, now);
    if let Some(ttl) = ttl {
        answer.headers.push(("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", ttl.to_string()));
    }
    answer
}

fn token(state: &mut State, headers: &HeaderMap, now: DateTime<Utc>) -> Answer {
    if headers.contains_key("x-forwarded-for") {
        return Answer::refusal(403);
    }
    let ttl = header(headers, TTL_HEADER).and_then(|v| v.parse::<u32>().ok()).filter(|t| (1..=21_600).contains(t));
    let Some(ttl) = ttl else { return Answer::refusal(400) };
    if state.tokens.len() >= MAX_TOKENS {
        state.tokens.retain(|_, ends| now < *ends);
        if state.tokens.len() >= MAX_TOKENS {
            state.tokens.clear();
        }
    }
    let token = state.mint.imds_token();
    state.tokens.insert(token.clone(), now + TimeDelta::seconds(ttl.into()));
    if state.token_log.len() == MAX_TOKENS {
        state.token_log.pop_front();
    }
    state.token_log.push_back(token.clone());
    let mut answer = Answer::text(token);
    answer.headers.push(("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", ttl.to_string()));
    answer
}

fn content(state: &mut State, world: &World, asked: &Asked<'_>, hit: Option<&Hit>, now: DateTime<Utc>) -> Answer {
    let detached = matches!(hit, Some(Hit { kind: Kind::NoRole {}, .. }));
    match asked {
        Asked::RoleList { extended: true } | Asked::Credentials { extended: true, .. }
            if !state.roles.role.extended =>
        {
            Answer::refusal(404)
        }
        Asked::RoleList { .. } | Asked::Credentials { .. } if detached => Answer::refusal(404),
        Asked::RoleList { .. } => Answer::text(state.roles.role.name.clone()),
        Asked::Credentials { role, .. } if *role != state.roles.role.name => Answer::refusal(404),
        Asked::Credentials { extended, .. } => {
            let index = choose(state, hit, now);
            let set = state.roles.served(index, now);
            let document = match hit.map(|h| &h.kind) {
                Some(Kind::WrongJson { kind }) => wrong_document(set, *kind, now),
                _ => pretty(&document(set, *extended)),
            };
            let mut answer = Answer::text(document);
            answer.access_key_id = Some(set.access_key_id.clone());
            answer
        }
        Asked::IdentityDocument => Answer::text(pretty(&json!({
            "accountId": state.roles.account_id,
            "architecture": "x86_64",
            "availabilityZone": format!("{}a", world.config.region),
            "imageId": "ami-0abcdef1234567890",
            "instanceId": "i-1234567890abcdef0",
            "instanceType": "t3.micro",
            "privateIp": "10.0.0.10",
            "region": world.config.region,
            "version": "2017-09-30",
        }))),
        Asked::Region => Answer::text(world.config.region.clone()),
        Asked::Zone => Answer::text(format!("{}a", world.config.region)),
        Asked::Token | Asked::Nothing => Answer::refusal(404),
    }
}

/// The set that this request gets.
fn choose(state: &mut State, hit: Option<&Hit>, now: DateTime<Utc>) -> usize {
    if let Some(pinned) = hit.and_then(|h| h.pinned) {
        return pinned;
    }
    let current = state.current_set(now);
    let older = match hit {
        Some(Hit { kind: Kind::OlderSet {}, .. }) => true,
        Some(Hit { kind: Kind::Alternate {}, served, .. }) => served % 2 == 1,
        _ => false,
    };
    // The fault could begin only when there was a previous set, so there is one.
    if older { state.roles.previous().unwrap_or(current) } else { current }
}

fn document(set: &CredentialSet, extended: bool) -> Value {
    let mut document = json!({
        "Code": "Success",
        "LastUpdated": imds_time(whole_second(set.minted_at)),
        "Type": "AWS-HMAC",
        "AccessKeyId": set.access_key_id,
        "SecretAccessKey": set.secret_access_key,
        "Token": set.session_token,
        "Expiration": imds_time(set.expiration),
    });
    if extended {
        document["AccountId"] = json!(set.account_id);
    }
    document
}

fn wrong_document(set: &CredentialSet, kind: WrongJson, now: DateTime<Utc>) -> String {
    let mut document = document(set, false);
    match kind {
        WrongJson::AssumeRoleUnauthorized => {
            document = json!({
                "Code": "AssumeRoleUnauthorizedAccess",
                "Message": format!(
                    "EC2 cannot assume the role {}.  Please see documentation at \
                     https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html.",
                    set.role
                ),
                "LastUpdated": imds_time(now),
            });
        }
        WrongJson::MissingAccessKeyId => remove(&mut document, "AccessKeyId"),
        WrongJson::MissingSecretAccessKey => remove(&mut document, "SecretAccessKey"),
        WrongJson::MissingToken => remove(&mut document, "Token"),
        WrongJson::MissingExpiration => remove(&mut document, "Expiration"),
        WrongJson::Nulls => {
            for (name, value) in document.as_object_mut().into_iter().flatten() {
                if name != "Code" {
                    *value = Value::Null;
                }
            }
        }
        WrongJson::BadExpiration => document["Expiration"] = json!("tomorrow"),
        WrongJson::Array => document = json!([]),
        WrongJson::Text => document = json!("Success"),
    }
    pretty(&document)
}

fn remove(document: &mut Value, field: &str) {
    if let Some(fields) = document.as_object_mut() {
        fields.shift_remove(field);
    }
}

/// One field a line, with ` : ` between name and value, as the service prints it.
fn pretty(document: &Value) -> String {
    match document.as_object() {
        Some(fields) => {
            let lines: Vec<String> = fields.iter().map(|(name, value)| format!("  \"{name}\" : {value}")).collect();
            format!("{{\n{}\n}}", lines.join(",\n"))
        }
        None => document.to_string(),
    }
}

/// Applies a fault to the answer; gives also the status that goes out, if one does.
fn shape(mut answer: Answer, kind: &Kind, path: &str, state: &mut State) -> (Option<u16>, Reply) {
    let plain = |answer: Answer| (Some(answer.status), answer.http());
    // A fault that makes up its own content keeps the common headers of the answer that it replaces.
    let common = |mut made: Answer, answer: &mut Answer| {
        let kept = answer.headers.drain(..).filter(|(name, _)| matches!(*name, "Date" | "Server" | "Connection"));
        made.headers.extend(kept);
        made
    };
    match kind {
        Kind::HangAfterConnect {} => (None, Reply::Raw(Raw::Hang)),
        Kind::Reset {} => (None, Reply::Raw(Raw::Reset)),
        Kind::Status { code, retry_after_s, body } => {
            let mut made = match body {
                Some(body) => Answer::new(*code, "text/plain", body.clone()),
                None => Answer::refusal(*code),
            };
            if let Some(seconds) = retry_after_s {
                made.headers.push(("Retry-After", seconds.to_string()));
            }
            plain(common(made, &mut answer))
        }
        Kind::Redirect {} => {
            let mut made = Answer::new(302, "text/plain", "");
            made.headers.push(("Location", path.to_string()));
            plain(common(made, &mut answer))
        }
        Kind::Empty {} => plain(common(Answer::text(""), &mut answer)),
        Kind::Garbage {} => {
            let bytes = state.mint.garbage(512);
            plain(common(Answer::text(bytes), &mut answer))
        }
        Kind::Truncated {} => {
            answer.body.truncate(answer.body.len() / 2);
            plain(answer)
        }
        Kind::LyingLength {} => {
            let mut bytes = answer.head(Some(answer.body.len() + 100));
            bytes.extend_from_slice(&answer.body);
            (Some(answer.status), Reply::Raw(Raw::Write(bytes)))
        }
        Kind::SlowTrickle {} => {
            let head = answer.head(Some(answer.body.len()));
            (Some(answer.status), Reply::Raw(Raw::Trickle { head, body: answer.body }))
        }
        Kind::Huge {} => {
            let made = common(Answer::text(""), &mut answer);
            (Some(200), Reply::Raw(Raw::Endless { head: made.head(None) }))
        }
        _ => plain(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_with_and_without_the_trailing_slash() {
        for slash in ["", "/"] {
            assert_eq!(Asked::parse(&format!("{LEGACY}{slash}")), Asked::RoleList { extended: false });
            assert_eq!(Asked::parse(&format!("{EXTENDED}{slash}")), Asked::RoleList { extended: true });
            assert_eq!(Asked::parse(&format!("{EXTENDED}/r{slash}")), Asked::Credentials { extended: true, role: "r" });
        }
        assert_eq!(Asked::parse("/latest/meta-data/iam/security-credentialsx"), Asked::Nothing);
    }

    #[test]
    fn json_is_printed_as_the_service_prints_it() {
        assert_eq!(
            pretty(&json!({"Code": "Success", "Type": "x"})),
            "{\n  \"Code\" : \"Success\",\n  \"Type\" : \"x\"\n}"
        );
    }
}
