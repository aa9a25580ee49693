//! A metadata service whose every answer a test can replace. One connection, one request, one answer.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

pub const EXTENDED: &str = "/latest/meta-data/iam/security-credentials-extended/";
pub const LEGACY: &str = "/latest/meta-data/iam/security-credentials/";
const TOKEN: &str = "/latest/api/token";

/// The secret key, the session token, and how every metadata token begins.
pub const SECRETS: [&str; 3] =
    ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLE==", "AQAEAMetadata"];

#[derive(Clone)]
pub enum Reply {
    /// Status, further header lines, body.
    Http(u16, String, String),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// The connection stays and nothing comes.
    Silence,
    /// A good head, then a byte now and then, for ever.
    Trickle,
    /// A good head, then bytes as fast as they go, for ever.
    Endless { chunked: bool },
}

impl Reply {
    pub fn ok(body: &str) -> Self {
        Reply::Http(200, String::new(), body.into())
    }

    pub fn status(status: u16) -> Self {
        // Whatever stands in the body of an error must not reach an error of ours.
        Reply::Http(status, String::new(), SECRETS.join(" "))
    }

    pub fn raw(bytes: impl Into<String>) -> Self {
        Reply::Raw(bytes.into().into_bytes())
    }

    pub fn with_header(self, line: &str) -> Self {
        match self {
            Reply::Http(status, headers, body) => Reply::Http(status, headers + line, body),
            other => other,
        }
    }
}

/// What the service does; a test changes it under way.
pub struct Script {
    /// In place of a token.
    pub put: Option<Reply>,
    pub ttl: String,
    pub token_required: bool,
    /// False: 401 whatever the token.
    pub accept_tokens: bool,
    pub extended: bool,
    pub roles: String,
    pub list_missing: bool,
    /// Replies in place of the ordinary ones, by path.
    pub answers: HashMap<String, Reply>,
    tokens: Vec<String>,
    issued: usize,
    journal: Vec<String>,
    ttl_asked: Option<String>,
}

impl Script {
    pub fn answer(&mut self, path: &str, reply: Reply) {
        self.answers.insert(path.into(), reply);
    }

    fn reply(&mut self, method: &str, path: &str, headers: &HashMap<String, String>) -> Reply {
        self.journal.push(format!("{method} {path}"));
        if method == "PUT" && path == TOKEN {
            self.ttl_asked = headers.get("x-aws-ec2-metadata-token-ttl-seconds").cloned();
            return self.put.clone().unwrap_or_else(|| self.issue());
        }
        let known = headers.get("x-aws-ec2-metadata-token").is_some_and(|token| self.tokens.contains(token));
        if self.token_required && !(known && self.accept_tokens) {
            return Reply::status(401);
        }
        if let Some(reply) = self.answers.get(path) {
            return reply.clone();
        }
        let (role, account) = match (path.strip_prefix(EXTENDED), path.strip_prefix(LEGACY)) {
            (Some(role), _) if self.extended => (role, Some("123456789012")),
            (_, Some(role)) => (role, None),
            _ => return Reply::status(404),
        };
        match role {
            "" if self.list_missing => Reply::status(404),
            "" => Reply::ok(&self.roles),
            "app" | "worker" => Reply::ok(&document(role, account)),
            _ => Reply::status(404),
        }
    }

    fn issue(&mut self) -> Reply {
        self.issued += 1;
        let token = format!("{}{}==", SECRETS[2], self.issued);
        self.tokens.push(token.clone());
        Reply::ok(&token).with_header(&format!("X-aws-ec2-metadata-token-ttl-seconds: {}\r\n", self.ttl))
    }
}

/// The document as IMDS writes it.
pub fn document(role: &str, account: Option<&str>) -> String {
    let account = account.map(|account| format!(",\n  \"AccountId\" : \"{account}\"")).unwrap_or_default();
    format!(
        "{{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"2026-04-26T16:39:16Z\",\n  \"Type\" : \"AWS-HMAC\",\n  \
         \"AccessKeyId\" : \"ASIA{}\",\n  \"SecretAccessKey\" : \"{}\",\n  \"Token\" : \"{}\",\n  \
         \"Expiration\" : \"2026-04-26T22:39:16Z\"{account}\n}}",
        role.to_uppercase(),
        SECRETS[0],
        SECRETS[1]
    )
}

pub struct Service {
    script: Arc<Mutex<Script>>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Service {
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await.unwrap()
    }

    pub async fn start_at(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let script = Arc::new(Mutex::new(Script {
            put: None,
            ttl: "21600".into(),
            token_required: true,
            accept_tokens: true,
            extended: true,
            roles: "app".into(),
            list_missing: false,
            answers: HashMap::new(),
            tokens: Vec::new(),
            issued: 0,
            journal: Vec::new(),
            ttl_asked: None,
        }));
        let shared = Arc::clone(&script);
        let accepting = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&shared)));
            }
        });
        Ok(Service { script, address, accepting })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn set(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// Every request so far, as `METHOD path`.
    pub fn journal(&self) -> Vec<String> {
        self.script.lock().unwrap().journal.clone()
    }

    pub fn forget_journal(&self) {
        self.set(|script| script.journal.clear());
    }

    pub fn revoke_tokens(&self) {
        self.set(|script| script.tokens.clear());
    }

    pub fn ttl_asked(&self) -> Option<String> {
        self.script.lock().unwrap().ttl_asked.clone()
    }

    /// Closes the port; returns when it refuses.
    pub async fn stop(self) {
        self.accepting.abort();
        let _ = self.accepting.await;
    }
}

async fn serve(mut connection: TcpStream, script: Arc<Mutex<Script>>) {
    let Some((method, path, headers)) = read_head(&mut connection).await else {
        return;
    };
    let reply = script.lock().unwrap().reply(&method, &path, &headers);
    // The other side may go at any time; that is for it to judge.
    let _ = write(&mut connection, reply).await;
}

async fn read_head(connection: &mut TcpStream) -> Option<(String, String, HashMap<String, String>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned()));
    Some((method, path, headers.collect()))
}

async fn write(connection: &mut TcpStream, reply: Reply) -> io::Result<()> {
    let date = "Date: Sun, 26 Apr 2026 17:00:00 GMT\r\nServer: EC2ws\r\n";
    match reply {
        Reply::Http(status, headers, body) => {
            let length = body.len();
            let answer = format!("HTTP/1.1 {status} Status\r\n{date}{headers}Content-Length: {length}\r\n\r\n{body}");
            connection.write_all(answer.as_bytes()).await
        }
        Reply::Raw(bytes) => connection.write_all(&bytes).await,
        Reply::Silence => {
            // Until the other side gives up.
            connection.read_u8().await.map(drop)
        }
        Reply::Trickle => {
            connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n").await?;
            loop {
                connection.write_all(b"a").await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Reply::Endless { chunked } => {
            let (head, part) = match chunked {
                true => ("Transfer-Encoding: chunked\r\n", format!("400\r\n{}\r\n", "x".repeat(1024))),
                false => ("", "x".repeat(1024)),
            };
            connection.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n").as_bytes()).await?;
            loop {
                connection.write_all(part.as_bytes()).await?;
            }
        }
    }
}

/// An address that refuses connections as long as the socket is kept: bound, so that nobody else gets it, and not
/// listening.
pub fn refusing_address() -> (SocketAddr, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (socket.local_addr().unwrap(), socket)
}

/// An address that neither accepts nor refuses: its queue is full, and Linux drops what comes beyond.
pub async fn silent_address() -> (SocketAddr, impl Sized) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(connection) = tokio::time::timeout(Duration::from_millis(500), TcpStream::connect(address)).await {
        waiting.push(connection.unwrap());
        assert!(waiting.len() < 100, "the queue never fills");
    }
    (address, (listener, waiting))
}
