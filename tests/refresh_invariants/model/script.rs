//! Scripts: what befalls a world, one thing after another. They are made by proptest and shrink to a few readable lines.

use std::time::Duration;

use evercreds::credentials::AccessKeyId;
use evercreds::error::FetchErrorKind;
use evercreds::refresh::event::Event;
use proptest::prelude::*;

use super::source::{Mode, Source, link_local, minting, remote};
use super::{HOUR, MINUTE, Ms, SECOND, START, Step, Witness, World};

#[derive(Clone, Debug)]
pub enum Op {
    /// Time passes.
    Run(Ms),
    Source(Mode),
    /// The rotation of the source stops with the set of now.
    Freeze,
    Role(u8),
    /// This host's clock is set by so many milliseconds.
    Step(i64),
    /// This host's clock is slewed by so many milliseconds: too few to be called a step.
    Slew(i64),
    Pause(Ms),
    Witness(Option<Witness>),
    Nudge,
    Refresh,
    /// A service rejects what is held.
    Reject,
    /// A service rejects the key that was held before.
    RejectFormer,
    /// A service takes what is held.
    Accept,
    MinRemaining(Ms),
    Inputs,
    Restored,
}

/// Lets the script happen.
pub fn play(world: &mut World, script: &[Op], observer: &mut dyn FnMut(&Step<'_>)) {
    let mut former: Option<AccessKeyId> = None;
    let mut held: Option<AccessKeyId> = None;
    for op in script {
        let event = match *op {
            Op::Run(duration) => {
                world.run(duration, observer);
                None
            }
            Op::Source(mode) => {
                world.source.mode = mode;
                None
            }
            Op::Freeze => {
                world.source.mode = Mode::Frozen(world.at);
                None
            }
            Op::Role(role) => {
                world.source.role = role;
                None
            }
            Op::Step(by) => {
                world.step(by, observer);
                None
            }
            Op::Slew(by) => {
                world.wall_ahead += by;
                Some(Event::Tick)
            }
            Op::Pause(duration) => {
                world.pause(duration, observer);
                None
            }
            Op::Witness(witness) => {
                world.believe(witness, observer);
                None
            }
            Op::Nudge => Some(Event::Nudge),
            Op::Refresh => Some(Event::Refresh),
            Op::Reject => world.key().map(Event::Invalidate),
            Op::RejectFormer => former.clone().map(Event::Invalidate),
            Op::Accept => world.key().map(Event::Accepted),
            Op::MinRemaining(wanted) => Some(Event::MinRemaining(Duration::from_millis(wanted))),
            Op::Inputs => Some(Event::InputsChanged),
            Op::Restored => Some(Event::Restored),
        };
        if let Some(event) = event {
            world.feed(event, observer);
        }
        if world.key() != held {
            former = std::mem::replace(&mut held, world.key());
        }
    }
}

pub fn duration() -> impl Strategy<Value = Ms> {
    prop_oneof![
        3 => 0..5 * SECOND,
        4 => 5 * SECOND..2 * MINUTE,
        3 => 2 * MINUTE..20 * MINUTE,
        2 => 20 * MINUTE..2 * HOUR,
    ]
}

pub fn failure() -> impl Strategy<Value = FetchErrorKind> {
    prop_oneof![
        3 => Just(FetchErrorKind::Transient),
        1 => Just(FetchErrorKind::NoRole),
        2 => prop::option::of(0u64..400).prop_map(|seconds| FetchErrorKind::Throttled {
            retry_after: seconds.map(Duration::from_secs)
        }),
        1 => Just(FetchErrorKind::NonRecoverable),
    ]
}

/// Ways in which a source is of no use.
pub fn fault() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => failure().prop_map(|kind| Op::Source(Mode::Fail(kind))),
        1 => Just(Op::Source(Mode::Hang)),
        1 => Just(Op::Source(Mode::Late)),
        1 => Just(Op::Source(Mode::Empty)),
        1 => Just(Op::Source(Mode::Expired)),
        1 => (1u8..4).prop_map(|by| Op::Source(Mode::Older(by))),
        1 => Just(Op::Freeze),
    ]
}

/// A clock within a day of the right one.
pub fn offset() -> impl Strategy<Value = i64> {
    prop_oneof![-86_400_000i64..=86_400_000, -3_600_000i64..=3_600_000, -60_000i64..=60_000]
}

fn by_others() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => Just(Op::Nudge),
        1 => Just(Op::Refresh),
        3 => Just(Op::Reject),
        1 => Just(Op::RejectFormer),
        2 => Just(Op::Accept),
        1 => duration().prop_map(Op::MinRemaining),
        1 => Just(Op::Inputs),
    ]
}

fn by_the_source() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => Just(Op::Source(Mode::Healthy)),
        4 => fault(),
        1 => Just(Op::Source(Mode::Eternal)),
        1 => (0u8..3).prop_map(Op::Role),
    ]
}

fn by_the_host() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => offset().prop_map(Op::Step),
        1 => (-900i64..900).prop_map(Op::Slew),
        1 => duration().prop_map(Op::Pause),
        1 => Just(Op::Restored),
    ]
}

pub fn true_witness() -> impl Strategy<Value = Witness> {
    (500i64..20_000).prop_map(|margin| Witness { error: 0, margin })
}

fn any_witness() -> impl Strategy<Value = Option<Witness>> {
    let lying = (offset(), 500i64..20_000).prop_map(|(error, margin)| Witness { error, margin });
    prop::option::of(prop_oneof![true_witness(), lying])
}

/// Everything that can happen.
pub fn anything() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        8 => duration().prop_map(Op::Run),
        4 => by_the_source(),
        3 => by_others(),
        1 => by_the_host(),
        1 => any_witness().prop_map(Op::Witness),
    ];
    prop::collection::vec(op, 1..16)
}

/// Everything but doubts of AWS's clock: this host's clock may be wrong, what is believed is not touched.
pub fn anything_but_belief() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        8 => duration().prop_map(Op::Run),
        4 => by_the_source(),
        3 => by_others(),
        1 => by_the_host(),
    ];
    prop::collection::vec(op, 1..16)
}

/// How long sets live: a minute to half a day, most often what AWS gives out.
pub fn life() -> impl Strategy<Value = Ms> {
    prop_oneof![
        2 => MINUTE..10 * MINUTE,
        2 => 10 * MINUTE..2 * HOUR,
        1 => Just(HOUR),
        1 => Just(6 * HOUR),
        1 => 2 * HOUR..12 * HOUR,
    ]
}

/// A source of any kind; the sets of those that re-serve overlap by at least twenty seconds.
pub fn source() -> impl Strategy<Value = Source> {
    let kind = prop_oneof![2 => Just(link_local()), 1 => Just(minting()), 1 => Just(remote())];
    let lags = prop::collection::vec(0..2 * MINUTE, 1..4);
    (kind, life(), 0u64..100, 0u64..1000, lags, any::<bool>(), 1u64..900).prop_map(
        |(traits, life, overlap, born, hosts, tells_life, latency)| {
            let mut source = Source::new(traits, life, (20 * SECOND).max(life / 2 * overlap / 100));
            source.born = START - source.period() * born / 1000;
            source.hosts = hosts;
            source.tells_life = tells_life;
            source.latency = latency;
            source
        },
    )
}
