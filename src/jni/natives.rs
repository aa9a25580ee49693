//! The native methods of `io.github.evercreds.internal.Native`, a few lines each. Ids are numbers, never pointers; an id
//! that is not known is a no-op.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jni::objects::{JByteArray, JClass, JObject, JString};
use jni::sys::{jint, jlong};
use jni::{Env, EnvUnowned};
use zeroize::Zeroizing;

use super::guard::{Failure, guard};
use super::logs;
use super::publisher::{CellPublisher, JavaHost};
use super::runs::{self, Run, Stay};
use crate::aws_clock::clock::SystemClock;
use crate::config::{Config, ConfigError};
use crate::credentials::AccessKeyId;
use crate::http::{AwsTransport, MetadataTransport, trust};
use crate::refresh::engine::{Engine, Opening};
use crate::refresh::event::{Event, Policy};
use crate::refresh::inbox::Id;
use crate::refresh::life::LifePolicy;
use crate::sources::base::Bases;
use crate::sources::context::Context;
use crate::sources::{Source, chain};

/// The version of the boundary; Java refuses to work with another.
const ABI: jint = 3;

#[unsafe(no_mangle)]
pub extern "system" fn Java_io_github_evercreds_internal_Native_abi<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
) -> jint {
    guard(env, |_| Ok(ABI))
}

/// Runs the engine on the calling thread until the run is stopped.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_github_evercreds_internal_Native_run<'local>(
    env: EnvUnowned<'local>,
    class: JClass<'local>,
    run: jlong,
) {
    guard(env, |env| {
        let run = run_number(run)?;
        let Some(stay) = Stay::enter(run) else { return Ok(()) };
        let host = Rc::new(JavaHost::new(env, run, &class)?);
        let _logs = logs::Attached::to(&host);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(16)
            .thread_name("evercreds-blocking")
            .build()
            .map_err(|error| {
                Failure::State(format!("No event loop could be made: {error}. Are file descriptors left?"))
            })?;
        runtime.block_on(Engine::new(stay.inbox(), &SystemClock, &*host).run());
        // A look-up that hangs in the resolver must not hold up the end of the run.
        runtime.shutdown_background();
        Ok(())
    });
}

/// Opens a refresher: configuration as UTF-8 JSON, and the cell to publish to. Returns its id.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_github_evercreds_internal_Native_open<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    run: jlong,
    config: JByteArray<'local>,
    cell: JObject<'local>,
) -> jlong {
    guard(env, |env| {
        let number = run_number(run)?;
        if config.is_null() || cell.is_null() {
            return Err(Failure::Argument("config and cell must not be null.".into()));
        }
        let stopped = || Failure::State(format!("Run {number} of the engine has been stopped."));
        let run = runs::run(number).ok_or_else(stopped)?;
        let (config, source) = configured(env, &config, &run)?;
        let opening = Opening {
            label: config.label,
            policy: Policy {
                life: LifePolicy { advisory_window: config.policy.advisory_window, max_stale: config.policy.max_stale },
                expect_role: config.policy.expect_role,
            },
            source,
            publisher: Box::new(CellPublisher::new(env, number, &cell)?),
        };
        let id = run.inbox.open(opening).map_err(|_| stopped())?;
        Ok(id.raw().cast_signed())
    })
}

fn configured(env: &mut Env<'_>, config: &JByteArray<'_>, run: &Run) -> Result<(Config, Arc<dyn Source>), Failure> {
    let bytes = Zeroizing::new(env.convert_byte_array(config)?);
    let refused = |error: ConfigError| Failure::Argument(error.to_string());
    let config = Config::from_json(&bytes).map_err(refused)?;
    let context = Context {
        metadata: Arc::new(MetadataTransport),
        aws: Arc::new(AwsTransport::new(&config.inputs)),
        bases: Arc::clone(&run.bases) as Arc<dyn Bases>,
        clock: Arc::new(SystemClock),
    };
    let source = chain::source(&config, &context).map_err(refused)?;
    Ok((config, source))
}

/// The variables and properties are others now: a refresher goes on with the source that this configuration means. Of it,
/// only the source and what that reads count; the policy and the label stay.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_github_evercreds_internal_Native_reconfigure<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    id: jlong,
    config: JByteArray<'local>,
) {
    guard(env, |env| {
        let id = Id::from_raw(id.cast_unsigned());
        let Some(run) = runs::run_of(id) else { return Ok(()) };
        if config.is_null() {
            return Err(Failure::Argument("config must not be null.".into()));
        }
        let (_, source) = configured(env, &config, &run)?;
        run.inbox.replace(id, source);
        Ok(())
    });
}

/// Whom the JVM trusts: certificates as DER, each after its length in four bytes, the highest first. Nothing at all: it does
/// not tell.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_github_evercreds_internal_Native_trust<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    certificates: JByteArray<'local>,
) {
    guard(env, |env| {
        let bytes = env.convert_byte_array(&certificates)?;
        let mut rest = bytes.as_slice();
        let mut found = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
            let cut = || Failure::Argument("The list of certificates is cut short.".into());
            let (certificate, after) = after.split_at_checked(length).ok_or_else(cut)?;
            found.push(certificate.to_vec());
            rest = after;
        }
        trust::hand_over(found);
        Ok(())
    });
}

/// Tells a refresher something; returns at once.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_github_evercreds_internal_Native_nudge<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    id: jlong,
    kind: jint,
    key: JString<'local>,
) {
    guard(env, |env| {
        let id = Id::from_raw(id.cast_unsigned());
        let Some(run) = runs::run_of(id) else { return Ok(()) };
        let text = if key.is_null() { None } else { Some(key.try_to_string(env)?) };
        let needs = |what: &str| Failure::Argument(format!("A nudge of kind {kind} needs {what}."));
        let access_key_id = || text.clone().map(AccessKeyId::new).ok_or_else(|| needs("an access key id"));
        let event = match kind {
            0 => Event::Nudge,
            1 => Event::Refresh,
            2 => Event::Invalidate(access_key_id()?),
            3 => Event::Accepted(access_key_id()?),
            4 => {
                let millis = text.as_deref().and_then(|text| text.parse().ok());
                Event::MinRemaining(Duration::from_millis(millis.ok_or_else(|| needs("a number of milliseconds"))?))
            }
            5 => Event::InputsChanged,
            6 => Event::Restored,
            _ => return Err(Failure::Argument(format!("There is no nudge of kind {kind}."))),
        };
        run.inbox.send(id, event);
        Ok(())
    });
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_io_github_evercreds_internal_Native_close<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    id: jlong,
) {
    guard(env, |_| {
        let id = Id::from_raw(id.cast_unsigned());
        if let Some(run) = runs::run_of(id) {
            run.inbox.close(id);
        }
        Ok(())
    });
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_io_github_evercreds_internal_Native_stop<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    run: jlong,
) {
    guard(env, |_| {
        runs::stop(run_number(run)?);
        Ok(())
    });
}

#[unsafe(no_mangle)]
pub extern "system" fn Java_io_github_evercreds_internal_Native_logLevel<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    level: jint,
) {
    guard(env, |_| {
        logs::set_level(u8::try_from(level.clamp(0, 5)).unwrap_or_default());
        Ok(())
    });
}

/// Open refreshers and threads inside a run, over the whole library.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_github_evercreds_internal_Native_liveCount<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
) -> jlong {
    guard(env, |_| Ok(jlong::try_from(runs::live_count()).unwrap_or(jlong::MAX)))
}

fn run_number(run: jlong) -> Result<u64, Failure> {
    // An id has 24 bits for its run.
    u64::try_from(run)
        .ok()
        .filter(|run| (1..1 << 24).contains(run))
        .ok_or_else(|| Failure::Argument(format!("{run} is no number of a run.")))
}
