//! How does an answer become bytes, and what does a fault make of it?

use crate::actions::{Kind, WrongJson};
use crate::listener::{Raw, Reply};
use crate::mint::Mint;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use serde_json::{Value, json};

/// An answer before it becomes bytes.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// All but `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer of this type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type", content_type.to_string())], body: body.into() }
    }

    /// 200 with plain text.
    pub fn text(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/plain", body)
    }

    /// JSON without spaces.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// Adds a header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The page that stands for every refusal of IMDS, and of whatever stands before a service.
    pub fn refusal(status: u16) -> Self {
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

    /// As it is.
    pub fn http(self) -> Reply {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        match response.body(Full::new(Bytes::from(self.body))) {
            Ok(response) => Reply::Http(response),
            Err(e) => unreachable!("the headers of an answer are our own text: {e}"),
        }
    }

    /// As a fault shapes it; gives also the status that goes out, if one does.
    pub fn shaped(mut self, kind: &Kind, path: &str, mint: &mut Mint) -> (Option<u16>, Reply) {
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
                plain(common(made, &mut self))
            }
            Kind::Redirect {} => {
                let made = Answer::new(302, "text/plain", "").with("Location", path);
                plain(common(made, &mut self))
            }
            Kind::Empty {} => plain(common(Answer::text(""), &mut self)),
            Kind::Garbage {} => {
                let bytes = mint.garbage(512);
                plain(common(Answer::text(bytes), &mut self))
            }
            Kind::Truncated {} => {
                self.body.truncate(self.body.len() / 2);
                plain(self)
            }
            Kind::LyingLength {} => {
                let mut bytes = self.head(Some(self.body.len() + 100));
                bytes.extend_from_slice(&self.body);
                (Some(self.status), Reply::Raw(Raw::Write(bytes)))
            }
            Kind::SlowTrickle {} => {
                let head = self.head(Some(self.body.len()));
                (Some(self.status), Reply::Raw(Raw::Trickle { head, body: self.body }))
            }
            Kind::Huge {} => {
                let made = common(Answer::text(""), &mut self);
                (Some(200), Reply::Raw(Raw::Endless { head: made.head(None) }))
            }
            _ => plain(self),
        }
    }
}

fn reason(status: u16) -> &'static str {
    hyper::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Unknown")
}

/// What a service calls the four parts of credentials.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// `AccessKeyId`
    pub access_key_id: &'static str,
    /// `SecretAccessKey`
    pub secret_access_key: &'static str,
    /// `Token`
    pub session_token: &'static str,
    /// `Expiration`
    pub expiration: &'static str,
}

/// Makes `document` of no use in the way of `kind`. `unauthorized` is what stands for a role that may not be assumed.
pub fn bent(mut document: Value, names: Names, kind: WrongJson, unauthorized: Value) -> Value {
    let mut remove = |field: &str| {
        if let Some(fields) = document.as_object_mut() {
            fields.shift_remove(field);
        }
    };
    match kind {
        WrongJson::AssumeRoleUnauthorized => document = unauthorized,
        WrongJson::MissingAccessKeyId => remove(names.access_key_id),
        WrongJson::MissingSecretAccessKey => remove(names.secret_access_key),
        WrongJson::MissingToken => remove(names.session_token),
        WrongJson::MissingExpiration => remove(names.expiration),
        WrongJson::Nulls => {
            for (name, value) in document.as_object_mut().into_iter().flatten() {
                if name != "Code" {
                    *value = Value::Null;
                }
            }
        }
        WrongJson::BadExpiration => document[names.expiration] = json!("tomorrow"),
        WrongJson::Array => document = json!([]),
        WrongJson::Text => document = json!("Success"),
    }
    document
}

/// What IMDS says in a 200 when EC2 may not assume the role.
pub fn unauthorized(role: &str, updated: &str) -> Value {
    json!({
        "Code": "AssumeRoleUnauthorizedAccess",
        "Message": format!(
            "EC2 cannot assume the role {role}.  Please see documentation at \
             https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html."
        ),
        "LastUpdated": updated,
    })
}
