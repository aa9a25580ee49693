//! How do tests and the demo steer the simulator? JSON over HTTP on one loopback port.

use crate::listener::{self, Handler, Reply};
use crate::world::{World, WorldConfig};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;

const MAX_BODY: usize = 4 << 20;
const ROUTES: &str = "POST /worlds, POST /worlds/ID/do, POST /worlds/ID/script, GET /worlds/ID/journal?since=N, \
    GET /worlds/ID/truth, GET /worlds/ID/secrets, GET /worlds/ID/summary, POST /worlds/ID/web-identity-token, \
    POST /worlds/ID/pod-identity-token, POST /worlds/ID/sso-login, POST /worlds/ID/login, DELETE /worlds/ID";

#[derive(Default)]
struct Worlds {
    worlds: Mutex<(u64, BTreeMap<String, Arc<World>>)>,
}

/// The control port; ends when dropped.
pub struct Control {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    task: JoinHandle<()>,
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Control {
    /// Opens the control port. Must be called within a tokio runtime.
    pub fn start() -> std::io::Result<Self> {
        let port = listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let url = format!("http://{}", port.local_addr()?);
        let worlds = Arc::new(Worlds::default());
        let handler: Handler = Arc::new(move |request| {
            let worlds = worlds.clone();
            Box::pin(async move { Reply::Http(respond(&worlds, request).await) })
        });
        let (_stays_open, serve) = listener::serve(port, handler)?;
        let task = tokio::spawn(serve);
        Ok(Self { url, task })
    }
}

/// What goes wrong: a status and what to do about it.
struct Refusal(u16, String);

async fn respond(worlds: &Worlds, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, body) = match route(worlds, request).await {
        Ok(value) => (200, value),
        Err(Refusal(status, error)) => (status, json!({ "error": error })),
    };
    let mut response = Response::new(Full::new(Bytes::from(format!("{body}\n"))));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    response
}

async fn route(worlds: &Worlds, request: Request<Incoming>) -> Result<Value, Refusal> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(|e| Refusal(400, e.to_string()))?.to_bytes();
    let path: Vec<&str> = parts.uri.path().split('/').skip(1).collect();
    let bad = |e: String| Refusal(400, e);
    match (&parts.method, &path[..]) {
        (&Method::POST, ["worlds"]) => {
            let world = World::start(or_default::<WorldConfig>(&body)?).map_err(bad)?;
            let mut held = worlds.worlds.lock().expect("no panic under this lock");
            held.0 += 1;
            let id = format!("w{}", held.0);
            let mut reply = world.reply();
            reply["world"] = json!(id);
            held.1.insert(id, world);
            Ok(reply)
        }
        (&Method::POST, ["worlds", id, "do"]) => {
            worlds.find(id)?.perform(&parse(&body)?).await.map_err(bad)?;
            Ok(json!({}))
        }
        (&Method::POST, ["worlds", id, "script"]) => {
            worlds.find(id)?.script(&parse(&body)?).map_err(bad)?;
            Ok(json!({}))
        }
        (&Method::GET, ["worlds", id, "journal"]) => {
            let since = match parts.uri.query() {
                None => 0,
                Some(query) => query
                    .strip_prefix("since=")
                    .and_then(|n| n.parse().ok())
                    .ok_or_else(|| bad(format!("query {query:?}, expected since=N")))?,
            };
            Ok(json!(worlds.find(id)?.state().journal.since(since)))
        }
        (&Method::GET, ["worlds", id, "summary"]) => Ok(json!(worlds.find(id)?.state().journal.summary())),
        (&Method::GET, ["worlds", id, "truth"]) => Ok(worlds.find(id)?.truth()),
        (&Method::GET, ["worlds", id, "secrets"]) => Ok(worlds.find(id)?.secrets()),
        (&Method::POST, ["worlds", id, "web-identity-token"]) => {
            Ok(worlds.find(id)?.web_identity_token(&or_default(&body)?))
        }
        (&Method::POST, ["worlds", id, "pod-identity-token"]) => {
            Ok(worlds.find(id)?.pod_identity_token(&or_default(&body)?))
        }
        (&Method::POST, ["worlds", id, "sso-login"]) => Ok(worlds.find(id)?.sso_login(&or_default(&body)?)),
        (&Method::POST, ["worlds", id, "login"]) => Ok(worlds.find(id)?.login(&or_default(&body)?)),
        (&Method::DELETE, ["worlds", id]) => {
            let world = worlds.find(id)?;
            worlds.worlds.lock().expect("no panic under this lock").1.remove(*id);
            world.shut_down().await;
            Ok(json!({}))
        }
        (method, _) => Err(Refusal(404, format!("no {method} {}; there is: {ROUTES}", parts.uri.path()))),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|e| Refusal(400, format!("body: {e}")))
}

/// An empty body stands for the defaults.
fn or_default<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, Refusal> {
    if body.is_empty() { Ok(T::default()) } else { parse(body) }
}

impl Worlds {
    fn find(&self, id: &str) -> Result<Arc<World>, Refusal> {
        let held = self.worlds.lock().expect("no panic under this lock");
        let known = || held.1.keys().cloned().collect::<Vec<_>>().join(", ");
        held.1.get(id).cloned().ok_or_else(|| Refusal(404, format!("no world {id:?}; there is: {}", known())))
    }
}
