//! A hundred thousand answers of a metadata service that has gone mad, through the real source and the real engine:
//! what is held is always one whole answer, exactly as it came, and stays until a whole other one comes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use evercreds::aws_clock::Boot;
use evercreds::aws_clock::clock::{Clock, Reading};
use evercreds::config::imds::ImdsSettings;
use evercreds::credentials::Secret;
use evercreds::http::{Exchange, Request, Response, Transport, TransportError};
use evercreds::refresh::engine::{Delivery, Engine, Host, Opening, Publisher};
use evercreds::refresh::event::{Event, Policy};
use evercreds::refresh::inbox::Inbox;
use evercreds::refresh::state::{Held, Published};
use evercreds::sources::imds::Imds;
use fastrand::Rng;
use tokio::time::Instant;

use super::targets::imds::Whole;
use super::targets::memory::{in_paused_time, response};

const ANSWERS: u64 = 100_000;
const ROTATION: Duration = Duration::from_secs(1800);
const LIFE: TimeDelta = TimeDelta::hours(2);

#[derive(Debug)]
struct Clocks(Instant);

impl Clock for Clocks {
    fn read(&self) -> Reading {
        let monotonic = self.0.elapsed() + Duration::from_secs(1000);
        let wall = DateTime::from_timestamp(1_800_000_000, 0).unwrap() + monotonic;
        Reading { wall, boot: Boot::from_duration(monotonic), monotonic }
    }
}

struct Idle;

impl Host for Idle {
    fn beat(&self) {}
}

/// The service. Each document that leaves it is written down.
struct Mad {
    clock: Arc<Clocks>,
    state: Mutex<State>,
}

struct State {
    rng: Rng,
    sane: bool,
    answers: u64,
    /// The document that came last.
    came: Vec<u8>,
    /// How many were whole, and how many of all were taken.
    wholes: u64,
    taken: u64,
    held: Option<Arc<Held>>,
    generation: u64,
    states: u64,
}

impl Transport for Mad {
    fn send(&self, request: Request) -> Exchange<'_> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(3)).await;
            let now = self.clock.read().wall;
            let outcome = self.state.lock().unwrap().answer(&request.url, now);
            match outcome {
                Some(outcome) => outcome,
                None => {
                    tokio::time::sleep(request.answer_timeout).await;
                    Err(TransportError::NoAnswer(request.answer_timeout))
                }
            }
        })
    }
}

impl State {
    fn answer(&mut self, url: &str, now: DateTime<Utc>) -> Option<Result<Response, TransportError>> {
        let document = url.ends_with("/app");
        let good = if document {
            self.answers += 1;
            document_of(now)
        } else if url.ends_with("/token") {
            "AQAEtoken==".into()
        } else {
            "app".into()
        };
        let mut answer = response(200, good);
        // The way to the document is mostly open, or the documents would hardly come to their turn.
        if !self.sane && self.rng.u8(..) < if document { 230 } else { 12 } {
            match self.rng.u8(0..40) {
                0 => return None,
                1 => return Some(Err(TransportError::Broken("scripted".into()))),
                2 => {
                    answer.status = *self.rng.choice(&[0, 100, 204, 302, 401, 403, 404, 429, 500, 503, 65_535]).unwrap()
                }
                3 => answer.retry_after = Some(Duration::from_secs(self.rng.u64(..) >> self.rng.u8(0..64))),
                4 => answer.token_ttl = Some(Duration::from_secs(self.rng.u64(..) >> self.rng.u8(0..64))),
                5 => answer.body.clear(),
                6 => answer.date = Some(DateTime::<Utc>::MAX_UTC),
                _ => self.mutate(&mut answer.body),
            }
        }
        if document && answer.status == 200 {
            self.came.clone_from(&answer.body);
            self.wholes += u64::from(Whole::read(&self.came).is_some());
        }
        Some(Ok(answer))
    }

    fn mutate(&mut self, body: &mut Vec<u8>) {
        let rng = &mut self.rng;
        for _ in 0..rng.u8(1..=4) {
            let at = rng.usize(0..=body.len().saturating_sub(1));
            match rng.u8(0..12) {
                0 => body.truncate(at),
                1 => body.insert(at.min(body.len()), rng.u8(..)),
                2 if !body.is_empty() => drop(body.remove(at)),
                3 if !body.is_empty() => body[at] ^= 1 << rng.u8(0..8),
                4 => body.extend_from_slice(&body.clone()[at.min(body.len())..]),
                5 => body.splice(at.min(body.len())..at.min(body.len()), vec![rng.u8(..); 1000]).for_each(drop),
                // Whole lines: a field is missing, twice there, or another's.
                6 => lines(body, |lines, rng| drop(lines.remove(rng.usize(0..lines.len()))), rng),
                7 => lines(body, |lines, rng| lines.push(rng.choice(lines.clone()).unwrap()), rng),
                8 => lines(body, |lines, rng| rng.shuffle(lines), rng),
                9 => swap(body, rng, &["AccessKeyId", "SecretAccessKey", "Token", "Expiration", "Code", "code"]),
                10 => swap(
                    body,
                    rng,
                    &["\"Success\"", "\"Failed\"", "null", "7", "[]", "{}", "true", "\"\"", "\"a\\r\\nb\""],
                ),
                _ => swap(body, rng, &["2027", "0000", "9999", "+262142", "1970", "-1", "2026", "2027-01-15T08"]),
            }
        }
    }
}

fn lines(body: &mut Vec<u8>, change: impl FnOnce(&mut Vec<Vec<u8>>, &mut Rng), rng: &mut Rng) {
    let mut lines: Vec<Vec<u8>> = body.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    change(&mut lines, rng);
    *body = lines.join(&b'\n');
}

/// One word of the list that stands in the body becomes another of them.
fn swap(body: &mut Vec<u8>, rng: &mut Rng, words: &[&str]) {
    let text = String::from_utf8_lossy(body).into_owned();
    let there: Vec<&&str> = words.iter().filter(|word| text.contains(**word)).collect();
    if let Some(word) = rng.choice(there) {
        *body = text.replacen(word, rng.choice(words).unwrap(), 1).into_bytes();
    }
}

/// The set of the moment. Its parts carry the number of their rotation.
fn document_of(now: DateTime<Utc>) -> String {
    let period = i64::try_from(ROTATION.as_secs()).unwrap();
    let number = now.timestamp() / period;
    let made = DateTime::from_timestamp(number * period, 0).unwrap();
    let date = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!(
        "{{\n\"Code\" : \"Success\",\n\"LastUpdated\" : \"{}\",\n\"Type\" : \"AWS-HMAC\",\n\"AccessKeyId\" : \"ASIA{number}\",\n\
         \"SecretAccessKey\" : \"secret{number}\",\n\"Token\" : \"token{number}\",\n\"Expiration\" : \"{}\"\n}}",
        date(made),
        date(made + LIFE)
    )
}

struct Judge(Arc<Mad>);

impl Publisher for Judge {
    fn publish(&self, state: &Published) -> Delivery {
        let mut seen = self.0.state.lock().unwrap();
        assert!(state.generation >= seen.generation, "generations rise");
        seen.generation = state.generation;
        seen.states += 1;
        assert!(seen.held.is_none() || state.held.is_some(), "what was held was replaced by nothing");
        if let Some(held) = &state.held
            && seen.held.as_ref() != Some(held)
        {
            let came = std::mem::take(&mut seen.came);
            let whole = Whole::read(&came);
            let whole = whole.unwrap_or_else(|| panic!("taken, though not whole: {}", String::from_utf8_lossy(&came)));
            assert_eq!(whole.key, held.key().as_str());
            assert_eq!(whole.secret, held.credentials.secret_access_key.expose());
            assert_eq!(Some(&*whole.token), held.credentials.session_token.as_ref().map(Secret::expose));
            seen.held = Some(Arc::clone(held));
            seen.taken += 1;
        }
        Delivery::Taken
    }
}

#[test]
fn a_hundred_thousand_mutated_answers_neither_panic_nor_tear_nor_drop_what_is_held() {
    in_paused_time(tokio::task::LocalSet::new().run_until(async {
        let clock = Arc::new(Clocks(Instant::now()));
        let state = State {
            rng: Rng::with_seed(4),
            sane: false,
            answers: 0,
            came: Vec::new(),
            wholes: 0,
            taken: 0,
            held: None,
            generation: 0,
            states: 0,
        };
        let mad = Arc::new(Mad { clock: clock.clone(), state: Mutex::new(state) });
        let inbox = Inbox::new(1);
        let engine = {
            let (inbox, clock) = (inbox.clone(), clock.clone());
            tokio::task::spawn_local(async move { Engine::new(&inbox, &*clock, &Idle).run().await })
        };
        let opening = Opening {
            label: "mad".into(),
            policy: Policy::default(),
            source: Arc::new(Imds::new(ImdsSettings::default(), mad.clone())),
            publisher: Box::new(Judge(mad.clone())),
        };
        let id = inbox.open(opening).unwrap();
        let read = |what: fn(&State) -> u64| what(&mad.state.lock().unwrap());
        while read(|state| state.answers) < ANSWERS {
            assert!(!engine.is_finished(), "the engine ended");
            // A user who presses the button all the time has more answers in the same life of a set.
            inbox.send(id, Event::Refresh);
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        let (wholes, taken) = (read(|state| state.wholes), read(|state| state.taken));
        assert!(wholes > ANSWERS / 20 && wholes < ANSWERS / 2, "{wholes} whole answers");
        assert!(taken > 500, "only {taken} answers were taken");

        // The service comes to its senses: so do we, whatever was believed before.
        mad.state.lock().unwrap().sane = true;
        tokio::time::sleep(2 * ROTATION).await;
        // Ten minutes into a rotation: the newest set has been asked for by then.
        let since_rotation = u64::try_from(clock.read().wall.timestamp()).unwrap() % ROTATION.as_secs();
        tokio::time::sleep(ROTATION - Duration::from_secs(since_rotation) + Duration::from_secs(600)).await;
        let expected = Whole::read(document_of(clock.read().wall).as_bytes()).unwrap();
        {
            let state = mad.state.lock().unwrap();
            assert_eq!(state.held.as_ref().map(|held| held.key().as_str()), Some(&*expected.key));
            println!("{} answers, {wholes} whole, {taken} taken, {} states", state.answers, state.states);
        }
        inbox.stop();
        engine.await.unwrap();
    }));
}
