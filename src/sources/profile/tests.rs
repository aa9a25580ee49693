//! A profile as a source: real files, virtual time.

use std::fs;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::DateTime;

use super::*;
use crate::aws_clock::Boot;
use crate::aws_clock::clock::Reading;
use crate::config::{Inputs, Order};

/// A folder that is removed when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("evercreds-profile-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join(".aws")).unwrap();
        Folder(path)
    }

    fn credentials(&self) -> PathBuf {
        self.0.join(".aws/credentials")
    }

    fn write(&self, text: &str) {
        fs::write(self.credentials(), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A clock that stands still. In the year 2100 all files are old; in 1970 each is too new to be trusted.
#[derive(Debug)]
struct Year(i32);

impl Clock for Year {
    fn read(&self) -> Reading {
        let wall = DateTime::parse_from_rfc3339(&format!("{}-01-01T00:00:00Z", self.0)).unwrap().to_utc();
        Reading { wall, boot: Boot::from_duration(Duration::ZERO), monotonic: Duration::ZERO }
    }
}

/// Stands for any source that is not keys; says which command it was built for.
struct Stub(String);

impl Source for Stub {
    fn describe(&self) -> String {
        format!("process {}", self.0)
    }

    fn traits(&self) -> Traits {
        Traits { link_local: true, mints: true }
    }

    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_secs(33))
    }

    fn watched(&self) -> Vec<(PathBuf, Stamp)> {
        vec![(format!("/of/{}", self.0).into(), Stamp::ABSENT)]
    }

    fn fetch(&self) -> Fetch<'_> {
        Box::pin(ready(Err(FetchError::transient(self.0.clone()))))
    }
}

struct Setup {
    folder: Folder,
    profile: Profile,
    built: Arc<AtomicUsize>,
}

fn setup(year: i32) -> Setup {
    let folder = Folder::new();
    let home = folder.0.to_str().unwrap();
    let inputs = Inputs {
        order: Order::V2,
        environment: [("HOME", home), ("AWS_PROFILE", "p")].into_iter().collect(),
        properties: Default::default(),
    };
    let built = Arc::new(AtomicUsize::new(0));
    let counter = built.clone();
    let build = move |plan: &Plan| -> Result<Arc<dyn Source>, FetchError> {
        counter.fetch_add(1, Ordering::Relaxed);
        let Plan::Process(process) = plan else { return Err(FetchError::non_recoverable("not in this test")) };
        Ok(Arc::new(Stub(process.command.clone())))
    };
    let plan = ProfilePlan { name: None, inputs: Arc::new(inputs) };
    Setup { folder, profile: Profile::new(plan, Arc::new(Year(year)), Arc::new(build)), built }
}

fn keys(key: &str, secret: &str) -> String {
    format!("[p]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
}

async fn set(profile: &Profile) -> (String, String) {
    let credentials = profile.fetch().await.unwrap().credentials;
    (credentials.access_key_id.to_string(), credentials.secret_access_key.expose().to_owned())
}

fn pair(key: &str, secret: &str) -> (String, String) {
    (key.into(), secret.into())
}

#[tokio::test(start_paused = true)]
async fn each_fetch_reads_the_files_anew() {
    let Setup { folder, profile, .. } = setup(2100);
    folder.write(&keys("AKIA1", "s1"));
    let answer = profile.fetch().await.unwrap();
    assert_eq!((answer.source, answer.identity.name.as_str()), ("profile credentials", "AKIA1"));
    assert_eq!((answer.credentials.expiration, answer.nominal_life, answer.date), (None, None, None));
    assert_eq!(answer.traits, Traits { link_local: false, mints: false });
    folder.write(&keys("AKIA2", "s2"));
    assert_eq!(set(&profile).await, pair("AKIA2", "s2"));
    let beside = folder.0.join("new");
    fs::write(&beside, keys("AKIA3", "s3")).unwrap();
    fs::rename(&beside, folder.credentials()).unwrap();
    assert_eq!(set(&profile).await, pair("AKIA3", "s3"));
    assert_eq!(profile.describe(), format!("profile \"p\" (profile \"p\" in {})", folder.credentials().display()));
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_symbolic_link_that_is_swapped_is_followed() {
    let Setup { folder, profile, .. } = setup(2100);
    for (name, key) in [("one", "AKIA1"), ("two", "AKIA2")] {
        fs::create_dir(folder.0.join(name)).unwrap();
        fs::write(folder.0.join(name).join("credentials"), keys(key, "s")).unwrap();
    }
    fs::remove_dir(folder.0.join(".aws")).unwrap();
    for (target, key) in [("one", "AKIA1"), ("two", "AKIA2"), ("one", "AKIA1")] {
        std::os::unix::fs::symlink(target, folder.0.join("next")).unwrap();
        fs::rename(folder.0.join("next"), folder.0.join(".aws")).unwrap();
        assert_eq!(set(&profile).await, pair(key, "s"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_source_is_kept_while_the_plan_stays_the_same() {
    let Setup { folder, profile, built } = setup(2100);
    assert_eq!(profile.traits(), TRAITS);
    folder.write("[p]\ncredential_process = one\n");
    for _ in 0..3 {
        assert_eq!(profile.fetch().await.unwrap_err().message, "one");
    }
    folder.write("# moved by a line\n[p]\ncredential_process = one\n[q]\na = 1\n");
    assert_eq!(profile.fetch().await.unwrap_err().message, "one");
    assert_eq!(built.load(Ordering::Relaxed), 1);
    assert_eq!(profile.traits(), Traits { link_local: true, mints: true });
    folder.write("[p]\ncredential_process = two\n");
    assert_eq!(profile.fetch().await.unwrap_err().message, "two");
    assert_eq!(built.load(Ordering::Relaxed), 2);
    folder.write(&keys("AKIA", "s"));
    assert_eq!(set(&profile).await, pair("AKIA", "s"));
    assert_eq!(profile.traits(), TRAITS);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_being_written_is_waited_for() {
    let Setup { folder, profile, .. } = setup(1970);
    let whole = keys("AKIANEW", "whole-secret");
    for (cut, after) in [(0, 90), (5, 90), (whole.len() - 6, 90), (whole.len() - 1, 400), (whole.len() - 6, 490)] {
        folder.write(&whole[..cut]);
        let path = folder.credentials();
        let text = whole.clone();
        let writer = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(after)).await;
            fs::write(path, text).unwrap();
        });
        assert_eq!(set(&profile).await, pair("AKIANEW", "whole-secret"), "cut at {cut}");
        writer.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_never_rests_fails_the_fetch_as_transient() {
    let Setup { folder, profile, .. } = setup(1970);
    folder.write(&keys("AKIA0", "s0"));
    let path = folder.credentials();
    let writer = tokio::spawn(async move {
        for i in 1.. {
            tokio::time::sleep(Duration::from_millis(90)).await;
            fs::write(&path, keys("AKIA", &i.to_string())).unwrap();
        }
    });
    let error = profile.fetch().await.unwrap_err();
    writer.abort();
    assert_eq!(error.kind, FetchErrorKind::Transient);
    assert!(error.message.contains("changed each time") && error.fix.is_some(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_half_written_file_is_transient_and_a_missing_profile_is_not() {
    let Setup { folder, profile, .. } = setup(2100);
    let kind = async |text: &str| {
        folder.write(text);
        profile.fetch().await.unwrap_err().kind
    };
    assert_eq!(kind("").await, FetchErrorKind::NonRecoverable);
    folder.write(&keys("AKIA", "s"));
    profile.fetch().await.unwrap();
    for torn in
        ["", "\n", "[p", "[p]\naws_acc", "[p]\naws_access_key_id = AKIA2\n", "[p]\naws_access_key_id = A\naws_sec"]
    {
        assert_eq!(kind(torn).await, FetchErrorKind::Transient, "{torn:?}");
    }
    assert_eq!(kind("[other]\n").await, FetchErrorKind::NonRecoverable);
    assert_eq!(kind("[p]\nregion = eu-west-1\n").await, FetchErrorKind::NonRecoverable);
    folder.write("[default]\n\nx = 1\nwJalr\n");
    let error = profile.fetch().await.unwrap_err();
    let expected = format!("{}: line 4: there is no '='", folder.credentials().display());
    assert!(error.message.starts_with(&expected) && !error.to_string().contains("wJalr"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_file_is_absent_and_what_cannot_be_read_is_said() {
    let Setup { folder, profile, .. } = setup(2100);
    let message = async || profile.fetch().await.unwrap_err().message;
    assert!(message().await.contains("(there is no such file)"));
    fs::create_dir(folder.credentials()).unwrap();
    assert!(message().await.contains("(there is no such file)"));
    fs::remove_dir(folder.credentials()).unwrap();
    folder.write(&"#".repeat(1 << 20));
    assert!(message().await.contains("is not in"));
    folder.write(&"#".repeat((1 << 20) + 1));
    assert!(message().await.contains("longer than 1048576 bytes"));
    #[cfg(unix)]
    {
        fs::remove_file(folder.credentials()).unwrap();
        std::os::unix::fs::symlink("credentials", folder.credentials()).unwrap();
        let error = profile.fetch().await.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Transient);
        assert!(error.message.starts_with(&format!("{}: cannot be read: ", folder.credentials().display())), "{error}");
    }
}

#[tokio::test]
async fn both_files_are_watched_as_they_were_when_they_were_read() {
    let Setup { folder, profile, .. } = setup(2100);
    assert_eq!(profile.watched(), []);
    let _ = profile.fetch().await;
    let absent = [folder.credentials(), folder.0.join(".aws/config")].map(|file| (file, Stamp::ABSENT));
    assert_eq!(profile.watched(), absent);
    folder.write("[p]\n");
    let _ = profile.fetch().await;
    assert_eq!(profile.watched()[0], (folder.credentials(), Stamp::of(&folder.credentials())));
    assert_eq!(profile.watched()[1], absent[1]);
}

#[tokio::test]
async fn the_files_of_what_a_profile_means_are_watched_too_and_it_has_its_own_time() {
    let Setup { folder, profile, .. } = setup(2100);
    assert!(profile.patience().unwrap() > process::PATIENCE, "it may be a process");
    folder.write("[p]\ncredential_process = one\n");
    profile.fetch().await.unwrap_err();
    assert_eq!(profile.watched()[2..], [(PathBuf::from("/of/one"), Stamp::ABSENT)]);
    assert_eq!(profile.patience(), Some(Duration::from_secs(33) + READING));
    folder.write(&keys("AKIA", "s"));
    profile.fetch().await.unwrap();
    assert_eq!((profile.watched().len(), profile.patience()), (2, None));
}
