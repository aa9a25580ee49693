//! Real short processes.

use std::path::Path;

use super::*;
use crate::sources::scripted::{Scripted, context};

const NOW: &str = "2026-04-26T20:00:00Z";
const GOOD: &str = r#"{"Version":1,"AccessKeyId":"ASIAPROCESS","SecretAccessKey":"wJalrSecret","SessionToken":"IQoJToken","Expiration":"2026-04-26T21:00:00Z"}"#;

fn plan(command: &str) -> ProcessPlan {
    ProcessPlan {
        command: command.into(),
        depth: 3,
        place: "profile app".into(),
        account_id: Some("123456789012".into()),
    }
}

fn source(command: &str) -> Process {
    Process::new(plan(command), &context(Scripted::new([]), NOW))
}

fn block_on<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(what)
}

fn fetch(command: &str) -> Result<Answer, FetchError> {
    let outcome = block_on(source(command).fetch());
    if let Err(error) = &outcome {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("wJalr") && !shown.contains("IQoJ"), "{shown}");
    }
    outcome
}

#[test]
fn the_command_is_told_how_many_like_it_led_to_it() {
    let answer = fetch(&format!("echo '{GOOD}' | sed s/ASIA[A-Z]*/ASIA$EVERCREDS_PROCESS_DEPTH/")).unwrap();
    assert_eq!(answer.credentials.access_key_id.as_str(), "ASIA3");
}

/// Waits until `done` says so; for ever is a failure.
fn until(what: &str, done: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}");
}

fn is_alive(id_file: &Path) -> bool {
    let id: i32 = std::fs::read_to_string(id_file).unwrap().trim().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), None).is_ok()
        && !std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default().contains(") Z ")
}

fn has_text(file: &Path) -> bool {
    std::fs::read_to_string(file).is_ok_and(|text| text.ends_with('\n'))
}

#[test]
fn what_the_command_writes_is_the_answer() {
    let answer = fetch(&format!("printf '%s' '{GOOD}'")).unwrap();
    assert_eq!(answer.credentials.access_key_id.as_str(), "ASIAPROCESS");
    assert_eq!(answer.credentials.account_id.as_deref(), Some("123456789012"));
    assert_eq!(answer.nominal_life, Some(Duration::from_secs(3600)));
    assert_eq!((answer.source, answer.traits), (NAME, Traits { link_local: false, mints: true }));
    assert_eq!(answer.identity.name, "credential_process of profile app");
    let own = GOOD.replace("\"Version\"", "\"AccountId\":\"210987654321\",\"Version\"");
    assert_eq!(fetch(&format!("echo '{own}'")).unwrap().credentials.account_id.as_deref(), Some("210987654321"));
}

#[test]
fn without_an_expiration_they_do_not_expire() {
    let answer = fetch(r#"echo '{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s"}'"#).unwrap();
    assert_eq!((answer.credentials.expiration, answer.nominal_life), (None, None));
}

#[test]
fn it_runs_in_a_shell_and_has_no_input() {
    fetch(&format!("test -z \"$(cat)\" && X='{GOOD}' && echo \"$X\" | cat")).unwrap();
}

#[test]
fn a_failure_tells_code_and_standard_error_without_secrets() {
    let error = fetch("echo 'login expired for wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' >&2; exit 3").unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Transient);
    assert_eq!(
        error.message,
        "credential_process of profile app: the command failed (exit status: 3); on its standard error: login expired \
         for ***"
    );
    let error = fetch("no-such-program-of-evercreds").unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::NonRecoverable);
    assert!(error.message.contains("no-such-program-of-evercreds"), "{error}");
    assert!(fetch("kill -9 $$").unwrap_err().message.contains("signal: 9"));
    let long = fetch("yes 'a word' | head -c 100000 >&2; echo the end >&2; exit 1").unwrap_err();
    assert!(long.message.ends_with("the end") && long.message.len() < 1500, "{long}");
}

#[test]
fn what_is_no_document_says_so() {
    for (command, problem) in [
        ("true", "it is empty"),
        ("echo wJalr; echo why >&2", "it is no complete JSON"),
        (r#"echo '{"Version":2}'"#, "its Version is 2"),
    ] {
        assert!(fetch(command).unwrap_err().message.contains(problem), "{problem}");
    }
    assert!(fetch("echo wJalr; echo why >&2").unwrap_err().message.ends_with("; on its standard error: why"));
}

#[test]
fn what_it_started_is_killed_with_it_when_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let id = folder.path().join("id");
    let mut source = source(&format!("sleep 600 & echo $! > {}; wait", id.display()));
    assert_eq!(source.patience(), Some(Duration::from_secs(61)));
    source.patience = Duration::from_millis(500);
    let error = block_on(source.fetch()).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Transient);
    assert!(error.message.contains("no answer within 500ms"), "{error}");
    until("the child of the command lives on", || has_text(&id) && !is_alive(&id));
}

#[test]
fn it_is_killed_when_nobody_wants_its_answer_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let id = folder.path().join("id");
    let source = source(&format!("trap '' TERM; echo $$ > {}; while :; do sleep 1; done", id.display()));
    block_on(async {
        let fetch = source.fetch();
        tokio::select! {
            _ = fetch => panic!("it ended"),
            () = async { while !has_text(&id) { tokio::time::sleep(Duration::from_millis(10)).await } } => {}
        }
    });
    until("the command lives on", || !is_alive(&id));
}

#[test]
fn it_is_killed_when_it_writes_too_much() {
    let folder = tempfile::tempdir().unwrap();
    let id = folder.path().join("id");
    let error = fetch(&format!("echo $$ > {}; exec yes wJalr", id.display())).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::NonRecoverable);
    assert!(error.message.contains("more than 65536 bytes"), "{error}");
    until("the command lives on", || !is_alive(&id));
}

#[test]
fn what_it_leaves_running_neither_delays_the_answer_nor_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let id = folder.path().join("id");
    // Holds both outputs open.
    let mut source = source(&format!("sleep 600 & echo $! > {}; echo '{GOOD}'", id.display()));
    source.patience = Duration::from_secs(30);
    block_on(source.fetch()).unwrap();
    assert!(is_alive(&id));
    let left: i32 = std::fs::read_to_string(&id).unwrap().trim().parse().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(left), nix::sys::signal::Signal::SIGKILL).unwrap();
}

#[test]
fn no_descriptor_reaches_the_command_and_none_stays_here() {
    let (_lifeline, watch) = Lifeline::new().unwrap();
    let shown = run::run("ls /proc/self/fd", 1, watch).ok().unwrap().stdout;
    for fd in String::from_utf8_lossy(&shown).split_whitespace() {
        // The fourth is ls's own look at its folder; whatever this process was given by its parent is inherited.
        let flags = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
        let flags = flags.lines().find_map(|line| line.strip_prefix("flags:")).map(str::trim).unwrap_or("0");
        let inheritable = u32::from_str_radix(flags, 8).unwrap() & 0o2_000_000 == 0;
        assert!(inheritable || ["0", "1", "2", "3"].contains(&fd), "{fd} has {flags}");
    }
    let pipes = || {
        let open = std::fs::read_dir("/proc/self/fd").unwrap();
        open.filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok())
            .filter(|target| target.to_string_lossy().starts_with("pipe:"))
            .count()
    };
    let before = pipes();
    for _ in 0..50 {
        fetch(&format!("echo '{GOOD}'")).unwrap();
    }
    // Other tests run processes at the same time, which is no reason for fifty.
    assert!(pipes() < before + 50);
}

#[test]
fn where_there_are_no_process_groups_it_runs_too() {
    let run = |command: &str| {
        let (lifeline, watch) = Lifeline::new().unwrap();
        let outcome = portable::run(command, 1, watch);
        drop(lifeline);
        outcome
    };
    let output = run(&format!("echo '{GOOD}'; echo why >&2; exit 3")).ok().unwrap();
    assert_eq!((output.status.code(), &**output.stderr.bytes), (Some(3), &b"why\n"[..]));
    assert!(document::parse(&output.stdout).is_ok());
    assert!(matches!(run("exec yes"), Err(Failure::TooMuch)));
    let (lifeline, watch) = Lifeline::new().unwrap();
    let waiting = std::thread::spawn(|| portable::run("exec sleep 600", 1, watch));
    drop(lifeline);
    assert!(matches!(waiting.join().unwrap(), Err(Failure::Unwanted)));
}
