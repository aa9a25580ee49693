//! Running a command with nothing but std: a thread for each thing that is waited for. Used where there are no process
//! groups (Windows); tested everywhere.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use zeroize::Zeroizing;

use super::run::{Collected, Failure, Output, Tail, Watch};
use crate::config::names;

enum News {
    Stdout(Zeroizing<Vec<u8>>),
    Stderr(Zeroizing<Vec<u8>>),
    /// One of the outputs is closed.
    Closed,
    Unwanted,
}

/// Runs the command until its outputs are closed and it has ended, or nobody wants its output any more.
pub fn run(command: &str, depth: u32, watch: Watch) -> Result<Output, Failure> {
    let mut child = shell(command)
        .env(names::PROCESS_DEPTH, depth.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Failure::CannotStart)?;
    let (tell, news) = channel();
    let mut threads = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        threads.push(forward(stdout, News::Stdout, tell.clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        threads.push(forward(stderr, News::Stderr, tell.clone()));
    }
    threads.push(thread::Builder::new().spawn(move || {
        let mut line = watch.0;
        // Ends when the line is cut; nothing is ever written to it.
        let _ = line.read(&mut [0]);
        let _ = tell.send(News::Unwanted);
    }));
    let outcome = match threads.into_iter().find_map(Result::err) {
        Some(error) => Err(Failure::CannotStart(error)),
        None => collect(&news),
    };
    if outcome.is_err() {
        kill(&mut child);
    }
    let status = child.wait().map_err(Failure::Broken)?;
    outcome.map(|(stdout, stderr)| Output { status, stdout, stderr })
}

fn collect(news: &Receiver<News>) -> Result<(Zeroizing<Vec<u8>>, Tail), Failure> {
    let (mut collected, mut tail) = (Collected::new(), Tail::default());
    let mut open = 2;
    while open > 0 {
        match news.recv() {
            Ok(News::Stdout(chunk)) => collected.push(&chunk)?,
            Ok(News::Stderr(chunk)) => tail.push(&chunk),
            Ok(News::Closed) => open -= 1,
            Ok(News::Unwanted) | Err(_) => return Err(Failure::Unwanted),
        }
    }
    Ok((collected.into_bytes(), tail))
}

fn forward(
    mut from: impl Read + Send + 'static,
    as_news: fn(Zeroizing<Vec<u8>>) -> News,
    tell: Sender<News>,
) -> std::io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().spawn(move || {
        let mut buffer = Zeroizing::new([0; 4096]);
        while let Ok(length @ 1..) = from.read(&mut *buffer) {
            if tell.send(as_news(Zeroizing::new(buffer[..length].to_vec()))).is_err() {
                return;
            }
        }
        let _ = tell.send(News::Closed);
    })
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    use std::os::windows::process::CommandExt;
    let mut shell = Command::new("cmd.exe");
    // As it stands: cmd.exe has its own rules for quotes.
    shell.arg("/C").raw_arg(command);
    shell
}

#[cfg(not(windows))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

/// The shell and, where the system has a tool for it, what it started.
fn kill(child: &mut Child) {
    #[cfg(windows)]
    let _ = Command::new("taskkill")
        .args(["/T", "/F", "/PID", &child.id().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    // Fails only where it has just ended.
    let _ = child.kill();
}
