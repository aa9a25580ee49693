//! The way to AWS over real sockets: whom TLS trusts, and which proxy leads there.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use evercreds::config::{Inputs, Order};
use evercreds::credentials::Secret;
use evercreds::http::{AwsTransport, Method, Request, Transport, TransportError, trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// An authority, and a server that it vouches for.
struct Service {
    authority: CertifiedIssuer<'static, KeyPair>,
    port: u16,
}

impl Service {
    async fn start() -> Service {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, &authority).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // Who does not trust us hangs up.
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    head(&mut stream).await;
                    let answer =
                        "HTTP/1.1 200 OK\r\nDate: Wed, 21 Oct 2026 07:28:00 GMT\r\nContent-Length: 4\r\n\r\nsafe";
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    let _ = stream.shutdown().await;
                });
            }
        });
        Service { authority, port }
    }

    fn bundle(&self, name: &str) -> PathBuf {
        let file = std::env::temp_dir().join(format!("evercreds-{name}-{}.pem", std::process::id()));
        std::fs::write(&file, self.authority.pem()).unwrap();
        file
    }

    async fn asked(&self, environment: &[(&str, &str)], properties: &[(&str, &str)]) -> Result<String, TransportError> {
        let [environment, properties] = [environment, properties].map(|set| set.iter().copied().collect());
        let transport = AwsTransport::new(&Inputs { order: Order::V2, environment, properties });
        let request = Request {
            method: Method::Post,
            url: format!("https://localhost:{}/", self.port),
            headers: Vec::new(),
            body: Secret::new("Action=AssumeRole"),
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(10),
        };
        let response = transport.send(request).await?;
        assert_eq!((response.status, response.date.is_some(), response.aged), (200, true, false));
        Ok(String::from_utf8(response.body.to_vec()).unwrap())
    }
}

/// Reads up to the end of an HTTP head.
async fn head(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(stream.read_u8().await.unwrap_or(b'\n'));
    }
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn a_bundle_is_trusted_and_nobody_else_is() {
    let (ours, theirs) = (Service::start().await, Service::start().await);
    let file = ours.bundle("bundle");
    let set = [("AWS_CA_BUNDLE", file.to_str().unwrap())];
    assert_eq!(ours.asked(&set, &[]).await.as_deref(), Ok("safe"));
    let error = theirs.asked(&set, &[]).await.unwrap_err();
    assert!(matches!(&error, TransportError::Tls(why) if why.contains("invalid peer certificate")), "{error}");
    std::fs::remove_file(&file).unwrap();
    let error = ours.asked(&set, &[]).await.unwrap_err().to_string();
    assert!(error.contains("AWS_CA_BUNDLE names") && error.contains("not found"), "{error}");
    std::fs::write(&file, "no certificate").unwrap();
    let error = ours.asked(&set, &[]).await.unwrap_err().to_string();
    assert!(error.contains("it holds no certificate"), "{error}");
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn whom_the_jvm_trusts_is_asked_for_and_trusted() {
    let (ours, theirs) = (Service::start().await, Service::start().await);
    let der = ours.authority.der().to_vec();
    let jvm = tokio::spawn(async move {
        trust::wanted().await;
        trust::hand_over(vec![b"no certificate".to_vec(), der]);
    });
    assert_eq!(ours.asked(&[], &[]).await.as_deref(), Ok("safe"), "asked, and then trusted");
    jvm.await.unwrap();
    assert!(matches!(theirs.asked(&[], &[]).await, Err(TransportError::Tls(_))));
}

#[tokio::test]
async fn the_jvms_proxy_leads_to_aws() {
    let service = Service::start().await;
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = proxy.local_addr().unwrap().port().to_string();
    let heads = tokio::spawn(async move {
        let (mut client, _) = proxy.accept().await.unwrap();
        let asked = head(&mut client).await;
        let target = asked.split(' ').nth(1).unwrap().to_owned();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        let mut server = TcpStream::connect(target).await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
        asked
    });
    let file = service.bundle("proxied");
    let properties = [
        ("https.proxyHost", "127.0.0.1"),
        ("https.proxyPort", &port),
        ("https.proxyUser", "me"),
        ("https.proxyPassword", "p@ss"),
        ("http.nonProxyHosts", "*.internal"),
    ];
    assert_eq!(service.asked(&[("AWS_CA_BUNDLE", file.to_str().unwrap())], &properties).await.as_deref(), Ok("safe"));
    let asked = heads.await.unwrap();
    assert!(asked.starts_with(&format!("CONNECT localhost:{} ", service.port)), "{asked}");
    let credentials = base64::engine::general_purpose::STANDARD.encode("me:p@ss");
    assert!(asked.to_ascii_lowercase().contains("proxy-authorization: basic"), "{asked}");
    assert!(asked.contains(&credentials), "{asked}");
    std::fs::remove_file(file).unwrap();
}
