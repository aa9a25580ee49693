//! The one way through reqwest: a client for each exchange, so that nothing is kept that an outage, a suspension or a
//! replaced service could have made useless.

use std::error::Error as StdError;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::ClientBuilder;
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::dns::Resolver;
use super::{
    BODY_LIMIT, Exchange, Method, Request, Response, Transport, TransportError, http_date, retry_after, trust,
};

/// The transport to link-local services. Must be used inside a tokio runtime with I/O and time.
///
/// Every exchange has a connection of its own: a poll is a few requests every few minutes, and a connection that is
/// not kept cannot be dead after an outage, a suspension or a replaced agent.
#[derive(Clone, Copy, Debug, Default)]
pub struct MetadataTransport;

impl Transport for MetadataTransport {
    fn send(&self, request: Request) -> Exchange<'_> {
        // It speaks no TLS, yet reqwest wants to know how it would.
        Box::pin(async { exchange(request, |client| client.tls_backend_preconfigured(trust::nobody())).await })
    }
}

pub(super) async fn exchange(
    request: Request,
    route: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Response, TransportError> {
    // The layer's closure belongs to this one exchange: it tells when *its* connection stands, and thereby a host
    // that drops packets from a service that accepts and stays silent.
    let connected = Arc::new(Notify::new());
    let client = client(request.connect_timeout, Arc::clone(&connected), route)?;
    let message = build(&client, &request)?;
    let limit = request.answer_timeout;

    let mut head = pin!(client.execute(message));
    let early = tokio::select! {
        biased;
        answer = &mut head => Some(answer),
        () = connected.notified() => None,
    };
    let started = tokio::time::Instant::now();
    let head = match early {
        Some(answer) => answer,
        None => tokio::time::timeout(limit, head).await.map_err(|_| TransportError::NoAnswer(limit))?,
    };
    let head = head.map_err(|error| cause(&error, request.connect_timeout))?;
    let mut response = describe(&head);
    response.body = tokio::time::timeout_at(started + limit, body(head))
        .await
        .map_err(|_| TransportError::AnswerTooSlow(limit))??;
    Ok(response)
}

fn client(
    connect_timeout: Duration,
    connected: Arc<Notify>,
    route: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<reqwest::Client, TransportError> {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .dns_resolver(Resolver)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .connect_timeout(connect_timeout)
        .user_agent(concat!("evercreds/", env!("CARGO_PKG_VERSION")))
        .connector_layer(tower::util::MapResponseLayer::new(move |connection| {
            connected.notify_one();
            connection
        }));
    route(builder).build().map_err(|error| TransportError::Malformed(innermost(&error)))
}

fn build(client: &reqwest::Client, request: &Request) -> Result<reqwest::Request, TransportError> {
    let method = match request.method {
        Method::Get => reqwest::Method::GET,
        Method::Put => reqwest::Method::PUT,
        Method::Post => reqwest::Method::POST,
    };
    let mut builder = client.request(method, &request.url);
    for (name, value) in &request.headers {
        let mut value = reqwest::header::HeaderValue::from_str(value.expose())
            .map_err(|_| TransportError::Malformed(format!("the value of the header {name} is not legal")))?;
        value.set_sensitive(true);
        builder = builder.header(*name, value);
    }
    if !request.body.is_empty() {
        builder = builder.body(request.body.expose().to_owned());
    }
    builder.build().map_err(|error| TransportError::Malformed(innermost(&error)))
}

/// Everything but the body.
fn describe(head: &reqwest::Response) -> Response {
    let header = |name: &str| head.headers().get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let date = header("date").and_then(http_date);
    Response {
        status: head.status().as_u16(),
        date,
        server: header("server").map(str::to_owned),
        retry_after: header("retry-after").and_then(|value| retry_after(value, date)),
        token_ttl: header("x-aws-ec2-metadata-token-ttl-seconds")
            .and_then(|value| value.parse().ok())
            .map(Duration::from_secs),
        error_type: header("x-amzn-errortype")
            .or_else(|| header("x-amzn-query-error")?.split(';').next())
            .map(str::to_owned),
        aged: header("age").is_some(),
        body: Zeroizing::default(),
    }
}

/// Reads the body into one allocation, so that no copy is left behind by growing. (The buffers inside hyper are not
/// ours to wipe.)
async fn body(mut head: reqwest::Response) -> Result<Zeroizing<Vec<u8>>, TransportError> {
    let announced = head.content_length().unwrap_or(0);
    if announced > BODY_LIMIT as u64 {
        return Err(TransportError::TooLarge(BODY_LIMIT));
    }
    let mut body = Zeroizing::new(Vec::with_capacity(BODY_LIMIT));
    while let Some(chunk) = head.chunk().await.map_err(|error| TransportError::Broken(innermost(&error)))? {
        if chunk.len() > BODY_LIMIT - body.len() {
            return Err(TransportError::TooLarge(BODY_LIMIT));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Sorts reqwest's error before there is an answer. Its own text repeats the URL and is not used.
fn cause(error: &reqwest::Error, connect_timeout: Duration) -> TransportError {
    if error.is_builder() {
        TransportError::Malformed(innermost(error))
    } else if error.is_dns() {
        TransportError::Dns
    } else if let Some(why) = untrusted(error) {
        TransportError::Tls(why)
    } else if error.is_connect() && error.is_timeout() {
        TransportError::ConnectTimedOut(connect_timeout)
    } else if error.is_connect() {
        TransportError::CannotConnect(innermost(error))
    } else {
        TransportError::Broken(innermost(error))
    }
}

/// What rustls says, where it is the cause. Its error may travel inside an `io::Error`, or in one inside another.
fn untrusted(error: &(dyn StdError + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(error.to_string());
    }
    let inside =
        error.downcast_ref::<io::Error>().and_then(io::Error::get_ref).map(|inner| inner as &(dyn StdError + 'static));
    inside.or_else(|| error.source()).and_then(untrusted)
}

/// The words of the deepest cause: the system's ("connection refused") or hyper's ("connection closed before message
/// completed"). Neither quotes a byte of the traffic.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    match deepest.downcast_ref::<io::Error>() {
        Some(error) => error.kind().to_string(),
        None => deepest.to_string(),
    }
}
