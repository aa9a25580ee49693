//! Does bent time hold for Rust? Every kind of timed wait of the standard library and of tokio's current-thread
//! runtime, with the rate raised in mid-wait and at a steady rate.
//!
//! Started under `time-bend run` at rate 1; raises the rate through the tool itself. Prints one line a claim, "ok ..."
//! or "FAILED ...". Real time comes from /proc/uptime, which nothing bends.

use std::future::Future;
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

const RATE: f64 = 30.0;

/// One kind of wait: its name, whether the kernel keeps its timeout (so that a later change of the rate does not reach
/// it), and the wait itself, which says whether it ended as it should.
struct Kind {
    name: &'static str,
    by_kernel: bool,
    wait: fn(Duration) -> bool,
}

const fn kind(name: &'static str, wait: fn(Duration) -> bool) -> Kind {
    Kind {
        name,
        by_kernel: false,
        wait,
    }
}

const KINDS: &[Kind] = &[
    kind("thread::sleep", |length| {
        thread::sleep(length);
        true
    }),
    kind("thread::park_timeout", |length| {
        let end = Instant::now() + length;
        while let Some(left) = end
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())
        {
            thread::park_timeout(left);
        }
        true
    }),
    kind("Condvar::wait_timeout_while", |length| {
        let ready = Mutex::new(false);
        let guard = ready.lock().unwrap();
        Condvar::new()
            .wait_timeout_while(guard, length, |ready| !*ready)
            .unwrap()
            .1
            .timed_out()
    }),
    kind("mpsc recv_timeout", |length| {
        let (_keep, receiver) = mpsc::channel::<()>();
        receiver.recv_timeout(length) == Err(RecvTimeoutError::Timeout)
    }),
    Kind {
        name: "TcpStream read timeout",
        by_kernel: true,
        wait: |length| {
            let (_listener, mut stream) = silent_peer();
            stream.set_read_timeout(Some(length)).unwrap();
            stream.read(&mut [0]).unwrap_err().kind() == ErrorKind::WouldBlock
        },
    },
    kind("tokio sleep", |length| {
        in_tokio(async move {
            tokio::time::sleep(length).await;
            true
        })
    }),
    kind("tokio timeout of a read", |length| {
        in_tokio(async move {
            let (_listener, stream) = silent_peer();
            stream.set_nonblocking(true).unwrap();
            let stream = tokio::net::TcpStream::from_std(stream).unwrap();
            tokio::time::timeout(length, stream.readable()).await.is_err()
        })
    }),
    kind("tokio interval", |length| {
        in_tokio(async move {
            let mut ticks = tokio::time::interval(length / 10);
            for _ in 0..=10 {
                ticks.tick().await;
            }
            true
        })
    }),
    kind("tokio timeout of many sleeps", |length| {
        in_tokio(async move {
            let chatter = async {
                loop {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            };
            tokio::time::timeout(length, chatter).await.is_err()
        })
    }),
];

fn in_tokio(task: impl Future<Output = bool>) -> bool {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(task)
}

/// A connection whose other end never says anything.
fn silent_peer() -> (TcpListener, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener, stream)
}

/// Real seconds since the machine started.
fn real() -> f64 {
    let text = std::fs::read_to_string("/proc/uptime").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

fn set_rate(rate: f64) {
    let tool = std::env::var_os("TIME_BEND_TOOL").expect("TIME_BEND_TOOL names the tool");
    let file = std::env::var_os("TIME_BEND_CTL").expect("this runs under time-bend");
    assert!(
        Command::new(tool)
            .arg("rate")
            .arg(file)
            .arg(rate.to_string())
            .status()
            .unwrap()
            .success()
    );
}

/// Runs every kind at once and claims that each took between the bounds, in real seconds.
fn all_kinds(what: &str, seconds: f64, least: f64, most: f64, raise: Option<f64>) {
    thread::scope(|threads| {
        for kind in KINDS.iter().filter(|kind| raise.is_none() || !kind.by_kernel) {
            threads.spawn(move || {
                let (start, instant, wall) = (real(), Instant::now(), SystemTime::now());
                let ended = (kind.wait)(Duration::from_secs_f64(seconds));
                let took = real() - start;
                let fake = instant.elapsed().as_secs_f64();
                let wall = wall.elapsed().map_or(f64::NAN, |length| length.as_secs_f64());
                let holds =
                    ended && (least..=most).contains(&took) && fake >= seconds - 0.2 && (fake - wall).abs() < 5.0;
                println!(
                    "{} Rust {what}, {}: {seconds:.1} s fake took {took:.2} s real ({least:.2} to {most:.2}), fake \
                     clocks say {fake:.2} and {wall:.2}{}",
                    if holds { "ok" } else { "FAILED" },
                    kind.name,
                    if ended { "" } else { ", wrong result" },
                );
            });
        }
        if let Some(rate) = raise {
            thread::sleep(Duration::from_millis(300));
            set_rate(rate);
        }
    });
}

fn main() {
    all_kinds("rate raised in mid-wait", 30.0, 0.3 + 0.5, 0.5 + 3.0 * 1.3, Some(RATE));
    all_kinds("steady rate", 6.0, 0.1, 3.0 * 6.0 / RATE + 0.5, None);
}
