//! Attacks over real sockets, at each of the three requests of a fetch, while credentials are held: each attempt ends in
//! time with an error that says what was wrong, what is held stays, the next good answer is taken, and the memory of the
//! process stays small, whatever is offered. (Plain faults of the service are claimed in `tests/imds`.)

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evercreds::aws_clock::clock::SystemClock;
use evercreds::config::imds::ImdsSettings;
use evercreds::http::MetadataTransport;
use evercreds::refresh::engine::{Delivery, Engine, Host, Opening, Publisher};
use evercreds::refresh::event::{Event, Policy};
use evercreds::refresh::inbox::Inbox;
use evercreds::refresh::state::Published;
use evercreds::sources::imds::Imds;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const GIGABYTE: u64 = 1 << 30;
/// For the process with all its tests. An answer has 64 KiB at most, and some fifty attacks run at a time.
const MEMORY_LIMIT_KIB: u64 = 64 * 1024;
/// Of one flood: what sockets and buffers take before the connection is closed.
const FLOOD_LIMIT: u64 = 16 << 20;

#[derive(Clone)]
enum Attack {
    /// Says this and closes the connection.
    Says(Vec<u8>),
    /// Says this and keeps the connection.
    Holds(Vec<u8>),
    /// Says this without having read anything.
    Blurts(Vec<u8>),
    /// Says the first, then the second a byte a second, for ever.
    Drips(Vec<u8>, Vec<u8>),
    /// Says the first, then the second again and again as fast as it goes: a gigabyte.
    Floods(Vec<u8>, Vec<u8>),
}
use Attack::{Blurts, Drips, Floods, Holds, Says};

/// How the attempt ends: with an error that holds one of these, or, where it is told, as if nothing were wrong.
struct Case {
    name: &'static str,
    attack: Attack,
    words: &'static [&'static str],
    may_pass: bool,
}

fn case(name: &'static str, attack: Attack, words: &'static [&'static str]) -> Case {
    Case { name, attack, words, may_pass: false }
}

fn head(lines: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{lines}\r\n").into_bytes()
}

fn answer(lines: &str, body: &[u8]) -> Vec<u8> {
    [&head(lines), body].concat()
}

const BROKEN: &[&str] = &["the answer is broken: "];
/// Which of the two comes first depends on the machine: our patience ends, or the attacker's own limit.
const SILENT_OR_BROKEN: &[&str] = &["no answer within", "the answer is broken: "];
const TOO_LARGE: &[&str] = &["longer than 65536 bytes"];
const SILENT: &[&str] = &["no answer within"];
const TOO_SLOW: &[&str] = &["began but was not complete after"];
/// The answer is whole and no good.
const NONSENSE: &[&str] = &["is no token", "no list of role names", "no complete JSON", "not UTF-8"];

/// So many small pieces may take a slow machine longer than the time that there is.
const LARGE_OR_SLOW: &[&str] = &["longer than 65536 bytes", "began but was not complete after"];
const EITHER: &[&str] = &["the answer is broken: ", "is no token", "no list of role names", "no complete JSON"];

fn cases() -> Vec<Case> {
    let x = || vec![b'x'; 16 * 1024];
    vec![
        // Lengths that lie.
        case("longer than the body", Says(answer("Content-Length: 50\r\n", b"token")), BROKEN),
        case("longer, and kept open", Holds(answer("Content-Length: 50\r\n", b"token")), TOO_SLOW),
        case("shorter than the body", Says(answer("Content-Length: 3\r\n", b"a b <html>")), NONSENSE),
        case("negative", Says(answer("Content-Length: -5\r\n", b"token")), BROKEN),
        case("with a sign", Says(answer("Content-Length: +5\r\n", b"token")), BROKEN),
        case("two lengths", Says(answer("Content-Length: 5\r\nContent-Length: 6\r\n", b"token!")), BROKEN),
        case("two lengths in a list", Says(answer("Content-Length: 5, 6\r\n", b"token!")), BROKEN),
        case("beyond all numbers", Says(answer("Content-Length: 99999999999999999999999\r\n", b"token")), BROKEN),
        case(
            "the largest number",
            Says(answer("Content-Length: 18446744073709551615\r\n", b"token")),
            &["broken", "longer than"],
        ),
        case("no number", Says(answer("Content-Length: five\r\n", b"token")), BROKEN),
        case(
            "length and chunks",
            Says(answer("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"token")),
            BROKEN,
        ),
        case(
            "a chunk's length is negative",
            Says(answer("Transfer-Encoding: chunked\r\n", b"-5\r\ntoken\r\n")),
            BROKEN,
        ),
        case(
            "a chunk's length overflows",
            Says(answer("Transfer-Encoding: chunked\r\n", b"fffffffffffffffff\r\nx")),
            BROKEN,
        ),
        case(
            "a chunk is longer than it says",
            Says(answer("Transfer-Encoding: chunked\r\n", b"2\r\ntoken\r\n0\r\n\r\n")),
            BROKEN,
        ),
        // Slowness.
        case("a body that trickles", Drips(head("Content-Length: 60000\r\n"), x()), TOO_SLOW),
        case("a body without length that trickles", Drips(head(""), x()), TOO_SLOW),
        case("chunks that trickle", Drips(head("Transfer-Encoding: chunked\r\n"), b"1\r\nx\r\n".repeat(99)), TOO_SLOW),
        case("a head that trickles", Drips(Vec::new(), answer("Content-Length: 5\r\n", b"token")), SILENT),
        case("headers that trickle", Drips(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-A: b\r\n".repeat(99)), SILENT),
        case("half a status line, kept open", Holds(b"HTTP/1.1 2".to_vec()), SILENT),
        // Size.
        case("a gigabyte with a length", Floods(head("Content-Length: 1073741824\r\n"), x()), TOO_LARGE),
        case("a gigabyte without a length", Floods(head(""), x()), TOO_LARGE),
        case(
            "a gigabyte in one chunk",
            Floods(answer("Transfer-Encoding: chunked\r\n", b"40000000\r\n"), x()),
            TOO_LARGE,
        ),
        case(
            "endless small chunks",
            Floods(head("Transfer-Encoding: chunked\r\n"), b"8\r\n12345678\r\n".repeat(999)),
            LARGE_OR_SLOW,
        ),
        case("a gigabyte with a 404", Floods(b"HTTP/1.1 404 Not Found\r\n\r\n".to_vec(), x()), TOO_LARGE),
        case("a gigabyte in a redirect", Floods(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n".to_vec(), x()), TOO_LARGE),
        case("endless headers", Floods(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-A: b\r\n".repeat(999)), BROKEN),
        case("one endless header", Floods(b"HTTP/1.1 200 OK\r\nX-A: ".to_vec(), x()), BROKEN),
        case("an endless status line", Floods(b"HTTP/1.1 200 ".to_vec(), x()), BROKEN),
        case("an endless chunk extension", Floods(answer("Transfer-Encoding: chunked\r\n", b"1;"), x()), BROKEN),
        case(
            "endless trailers",
            Floods(answer("Transfer-Encoding: chunked\r\n", b"0\r\n"), b"X-A: b\r\n".repeat(999)),
            BROKEN,
        ),
        case(
            "endless interim answers",
            Floods(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".repeat(99)),
            SILENT_OR_BROKEN,
        ),
        // Other protocols.
        case("a TLS alert", Says(b"\x15\x03\x03\x00\x02\x02\x28".to_vec()), BROKEN),
        case(
            "a TLS handshake",
            Holds([&b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"[..], &[7; 0x76]].concat()),
            BROKEN,
        ),
        case("HTTP/0.9", Says(b"token".to_vec()), BROKEN),
        case(
            "HTTP/2 with its preface",
            Holds(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()),
            BROKEN,
        ),
        case("HTTP/2 frames", Says(b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec()), BROKEN),
        case("HTTP/3.0 by its name", Says(b"HTTP/3.0 200 OK\r\nContent-Length: 1\r\n\r\nx".to_vec()), BROKEN),
        case(
            "an upgrade",
            Says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nx".to_vec()),
            &["status 101"],
        ),
        case("SSH", Says(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), BROKEN),
        // Bytes.
        case("NULs", Floods(Vec::new(), vec![0; 16 * 1024]), BROKEN),
        case("a NUL in a header", Says(answer("X-A: a\0b\r\nContent-Length: 5\r\n", b"token")), BROKEN),
        case("NULs as the body", Says(answer("Content-Length: 4\r\n", b"\0\0\0\0")), NONSENSE),
        case("bytes that are no text", Says(answer("Content-Length: 4\r\n", b"\xff\xfe\x80\xc0")), NONSENSE),
        case("status zero", Says(b"HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n".to_vec()), BROKEN),
        case(
            "a packed body",
            Says(answer("Content-Encoding: gzip\r\nContent-Length: 4\r\n", b"\x1f\x8b\x08\0")),
            NONSENSE,
        ),
        // Order.
        case(
            "a redirect to itself",
            Says(b"HTTP/1.1 307 Again\r\nLocation: /latest/api/token\r\nContent-Length: 0\r\n\r\n".to_vec()),
            &["status 307, a redirect, which is never followed"],
        ),
        Case {
            // hyper takes it or refuses it, depending on which of the two comes first.
            may_pass: true,
            ..case("an answer before the request", Blurts(answer("Content-Length: 3\r\n", b"a b")), EITHER)
        },
        case("nothing at all", Says(Vec::new()), BROKEN),
    ]
}

/// A metadata service that is good until it is told to attack at one of the three requests of a fetch.
struct Service {
    step: usize,
    attack: Attack,
    attacking: AtomicBool,
    /// Rises with each set.
    set: AtomicUsize,
    attacked: AtomicUsize,
    flooded: AtomicU64,
}

impl Service {
    fn document(&self) -> String {
        let set = self.set.load(Ordering::Relaxed);
        format!(
            "{{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA{set}\",\"SecretAccessKey\":\"secret{set}\",\"Token\":\"token{set}\",\
             \"LastUpdated\":\"2100-01-0{set}T00:00:00Z\",\"Expiration\":\"2100-01-0{set}T06:00:00Z\"}}"
        )
    }

    async fn serve(&self, mut connection: TcpStream) -> std::io::Result<()> {
        let attacking = self.attacking.load(Ordering::Relaxed);
        if attacking && let Blurts(bytes) = &self.attack {
            connection.write_all(bytes).await?;
        }
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(connection.read_u8().await?);
        }
        let request = String::from_utf8_lossy(&request);
        let path = request.split(' ').nth(1).unwrap_or_default();
        let (step, body) = match path {
            "/latest/api/token" => (0, "AQAEtoken==".to_owned()),
            path if path.ends_with('/') => (1, "app".to_owned()),
            _ => (2, self.document()),
        };
        if !attacking || step != self.step {
            return connection
                .write_all(&answer(&format!("Content-Length: {}\r\n", body.len()), body.as_bytes()))
                .await;
        }
        self.attacked.fetch_add(1, Ordering::Relaxed);
        match &self.attack {
            Says(bytes) => connection.write_all(bytes).await,
            Holds(bytes) => {
                connection.write_all(bytes).await?;
                connection.read_u8().await.map(drop)
            }
            Blurts(_) => Ok(()),
            Drips(first, then) => {
                connection.write_all(first).await?;
                for byte in then {
                    connection.write_all(&[*byte]).await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Ok(())
            }
            Floods(first, then) => {
                connection.write_all(first).await?;
                while self.flooded.fetch_add(then.len() as u64, Ordering::Relaxed) < GIGABYTE {
                    connection.write_all(then).await?;
                }
                Ok(())
            }
        }
    }
}

/// The newest state of one refresher.
#[derive(Clone, Default)]
struct Newest(Arc<Mutex<Option<Published>>>);

impl Publisher for Newest {
    fn publish(&self, state: &Published) -> Delivery {
        *self.0.lock().unwrap() = Some(state.clone());
        Delivery::Taken
    }
}

impl Newest {
    /// The first state that is as wanted, in bounded time.
    async fn when(&self, what: &str, wanted: impl Fn(&Published) -> bool) -> Published {
        for _ in 0..3000 {
            if let Some(state) = self.0.lock().unwrap().as_ref().filter(|state| wanted(state)) {
                return state.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{what}: not within 30 s: {:?}", self.0.lock().unwrap());
    }
}

struct Idle;

impl Host for Idle {
    fn beat(&self) {}
}

#[tokio::test]
async fn no_attack_on_the_wire_hangs_or_swells_or_drops_what_is_held() {
    let run = tokio::task::LocalSet::new();
    run.run_until(async {
        let inbox = Inbox::new(1);
        let engine = {
            let inbox = inbox.clone();
            tokio::task::spawn_local(async move { Engine::new(&inbox, &SystemClock, &Idle).run().await })
        };
        for step in 0..3 {
            let attacks: Vec<_> = cases()
                .into_iter()
                .map(|case| tokio::task::spawn_local(under_attack(Arc::clone(&inbox), case, step)))
                .collect();
            for attack in attacks {
                attack.await.unwrap();
            }
        }
        assert_eq!(inbox.live(), 0);
        inbox.stop();
        engine.await.unwrap();
    })
    .await;
    #[cfg(target_os = "linux")]
    {
        let peak = peak_memory_kib();
        println!("{} attacks, the process had {peak} KiB at most", 3 * cases().len());
        assert!(peak < MEMORY_LIMIT_KIB, "the process had {peak} KiB");
    }
}

async fn under_attack(inbox: Arc<Inbox>, case: Case, step: usize) {
    let name = format!("{} at request {step}", case.name);
    let service = Arc::new(Service {
        step,
        attack: case.attack,
        attacking: AtomicBool::new(false),
        set: AtomicUsize::new(1),
        attacked: AtomicUsize::new(0),
        flooded: AtomicU64::new(0),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = ImdsSettings {
        endpoint: format!("http://{}", listener.local_addr().unwrap()),
        timeout: Duration::from_secs(3),
        // Silence in place of a token is a reason to do without.
        v1_disabled_by: Some("the test"),
        ..ImdsSettings::default()
    };
    let accepting = {
        let service = Arc::clone(&service);
        tokio::task::spawn_local(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let service = Arc::clone(&service);
                tokio::task::spawn_local(async move { drop(service.serve(connection).await) });
            }
        })
    };
    let newest = Newest::default();
    // A source each time it is asked: a token that is remembered would spare the first request the attack.
    let source = Arc::new(Forgetful(settings));
    let opening =
        Opening { label: name.clone(), policy: Policy::default(), source, publisher: Box::new(newest.clone()) };
    let id = inbox.open(opening).unwrap();
    let held = newest.when(&name, |state| state.held.is_some() && !state.in_flight).await.held;

    service.set.store(2, Ordering::Relaxed);
    service.attacking.store(true, Ordering::Relaxed);
    inbox.send(id, Event::Refresh);
    let after = newest.when(&name, |state| state.attempt >= 2 && !state.in_flight).await;
    service.attacking.store(false, Ordering::Relaxed);
    match &after.error {
        Some(error) => {
            assert!(case.words.iter().any(|word| error.message.contains(word)), "{name}: {error}");
            assert_eq!(after.held, held, "{name}: what is held is gone");
            assert!(!error.to_string().chars().any(char::is_control), "{name}: {error:?}");
        }
        None => assert!(case.may_pass, "{name}: passed"),
    }
    assert!(service.attacked.load(Ordering::Relaxed) <= 1, "{name}: asked more than once");
    let flooded = service.flooded.load(Ordering::Relaxed);
    assert!(flooded < FLOOD_LIMIT || case.name == "endless interim answers", "{name}: took {flooded} bytes");

    newest
        .when(&name, |state| {
            state.error.is_none() && state.held.as_ref().is_some_and(|held| held.key().as_str() == "ASIA2")
        })
        .await;
    inbox.close(id);
    accepting.abort();
}

/// An instance metadata source without memory.
struct Forgetful(ImdsSettings);

impl evercreds::sources::Source for Forgetful {
    fn describe(&self) -> String {
        self.0.endpoint.clone()
    }

    fn traits(&self) -> evercreds::sources::Traits {
        evercreds::sources::Traits { link_local: true, mints: false }
    }

    fn fetch(&self) -> evercreds::sources::Fetch<'_> {
        let source = Imds::new(self.0.clone(), Arc::new(MetadataTransport));
        Box::pin(async move { evercreds::sources::Source::fetch(&source).await })
    }
}

#[cfg(target_os = "linux")]
fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux tells");
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}
