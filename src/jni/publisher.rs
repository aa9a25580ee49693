//! The upcalls: a state into its Java cell, the engine's heartbeat, a log line. Each is one call, about two
//! microseconds; Java's side of it stores and returns. An upcall that throws is a failed delivery, never more.

use chrono::{DateTime, TimeDelta, Utc};
use jni::ids::{JMethodID, JStaticMethodID};
use jni::objects::{JClass, JObject, JString};
use jni::refs::Global;
use jni::signature::{Primitive, ReturnType};
use jni::sys::{jboolean, jint, jlong, jvalue};
use jni::{Env, JavaVM, jni_sig, jni_str};
use once_cell::sync::OnceCell;

use crate::error::FetchErrorKind;
use crate::refresh::engine::{Delivery, Host, Publisher};
use crate::refresh::state::{Grant, Published};

/// Local references that one upcall makes, with room to spare.
const FRAME: usize = 16;

/// For the boundary: never; for ever.
const NEVER: jlong = jlong::MIN;
const FOREVER: jlong = jlong::MAX;

/// Publishes to one `CredentialsCell`.
pub struct CellPublisher {
    run: u64,
    cell: Global<JObject<'static>>,
    publish: JMethodID,
}

impl CellPublisher {
    pub fn new(env: &mut Env<'_>, run: u64, cell: &JObject<'_>) -> jni::errors::Result<CellPublisher> {
        // The id is good as long as the class is loaded, and the class loads and unloads with this library.
        static PUBLISH: OnceCell<JMethodID> = OnceCell::new();
        let publish = *PUBLISH.get_or_try_init(|| {
            let class = env.get_object_class(cell)?;
            env.get_method_id(
                &class,
                jni_str!("publish"),
                jni_sig!(
                    "(JJILjava/lang/String;Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;JJJJJLjava/lang/String;Ljava/lang/String;ILjava/lang/String;Ljava/lang/String;IJZJJZZ)Z"
                ),
            )
        })?;
        Ok(CellPublisher { run, cell: env.new_global_ref(cell)?, publish })
    }

    fn call(&self, env: &mut Env<'_>, state: &Published) -> jni::errors::Result<bool> {
        let held = state.held.as_deref();
        let credentials = held.map(|held| &held.credentials);
        let key = optional(env, credentials.map(|c| c.access_key_id.as_str()))?;
        let secret = optional(env, credentials.map(|c| c.secret_access_key.expose()))?;
        let token = optional(env, credentials.and_then(|c| c.session_token.as_ref()).map(|token| token.expose()))?;
        let account = optional(env, credentials.and_then(|c| c.account_id.as_deref()))?;
        let source = optional(env, held.map(|held| held.source))?;
        let identity = optional(env, held.map(|held| held.identity.name.as_str()))?;
        let error = state.error.as_deref();
        let message = optional(env, error.map(|error| error.message.as_str()))?;
        let fix = optional(env, error.and_then(|error| error.fix.as_deref()))?;
        let kind = error.map_or(0, |error| match error.kind {
            FetchErrorKind::Transient => 1,
            FetchErrorKind::NoRole => 2,
            FetchErrorKind::Throttled { .. } => 3,
            FetchErrorKind::NonRecoverable => 4,
        });
        let grant = match state.serve_until {
            Grant::None => NEVER,
            Grant::Until(until) => millis(until),
            Grant::Forever => FOREVER,
        };
        let args = [
            long(self.run),
            long(state.generation),
            jvalue { i: state.phase as jint },
            object(&key),
            object(&secret),
            object(&token),
            object(&account),
            jvalue { j: credentials.and_then(|c| c.expiration).map_or(FOREVER, millis) },
            jvalue { j: grant },
            jvalue { j: state.next_attempt.map_or(NEVER, millis) },
            jvalue { j: held.map_or(NEVER, |held| millis(held.accepted)) },
            jvalue { j: state.last_success.map_or(NEVER, millis) },
            object(&source),
            object(&identity),
            jvalue { i: kind },
            object(&message),
            object(&fix),
            jvalue { i: jint::try_from(state.failures).unwrap_or(jint::MAX) },
            long(state.attempt),
            boolean(state.in_flight),
            offset(state.skew.lo),
            offset(state.skew.hi),
            boolean(state.skew.witnessed),
            boolean(state.rejected),
        ];
        // SAFETY: the method id is that of `publish` of the cell's class, and the arguments are those of its signature.
        unsafe {
            env.call_method_unchecked(&self.cell, self.publish, ReturnType::Primitive(Primitive::Boolean), &args)?.z()
        }
    }
}

impl Publisher for CellPublisher {
    fn publish(&self, state: &Published) -> Delivery {
        match upcall(|env| self.call(env, state)) {
            Some(true) => Delivery::Taken,
            Some(false) => Delivery::Unwanted,
            None => Delivery::Failed,
        }
    }
}

/// The Java side of a run: `Native`'s static methods `beat`, `log` and `trustWanted`.
pub struct JavaHost {
    run: u64,
    native: Global<JClass<'static>>,
    beat: JStaticMethodID,
    log: JStaticMethodID,
    trust_wanted: JStaticMethodID,
}

impl JavaHost {
    pub fn new(env: &mut Env<'_>, run: u64, native: &JClass<'_>) -> jni::errors::Result<JavaHost> {
        Ok(JavaHost {
            run,
            beat: env.get_static_method_id(native, jni_str!("beat"), jni_sig!("(J)V"))?,
            log: env.get_static_method_id(
                native,
                jni_str!("log"),
                jni_sig!("(ILjava/lang/String;Ljava/lang/String;)V"),
            )?,
            trust_wanted: env.get_static_method_id(native, jni_str!("trustWanted"), jni_sig!("()V"))?,
            native: env.new_global_ref(native)?,
        })
    }

    pub fn log(&self, level: u8, logger: &str, text: &str) {
        upcall(|env| {
            let logger = env.new_string(logger)?;
            let text = env.new_string(text)?;
            let args = [jvalue { i: level.into() }, object(&logger), object(&text)];
            self.call(env, self.log, &args)
        });
    }

    fn call(&self, env: &mut Env<'_>, method: JStaticMethodID, args: &[jvalue]) -> jni::errors::Result<()> {
        // SAFETY: the method ids are those of static void methods of `native`, and each caller's arguments are those of
        // its signature.
        unsafe {
            env.call_static_method_unchecked(&self.native, method, ReturnType::Primitive(Primitive::Void), args)?;
        }
        Ok(())
    }
}

impl Host for JavaHost {
    fn beat(&self) {
        upcall(|env| self.call(env, self.beat, &[long(self.run)]));
    }

    fn trust_wanted(&self) {
        upcall(|env| self.call(env, self.trust_wanted, &[]));
    }
}

/// Calls into the JVM from the engine's thread, which Java made. `None` if the call threw or could not be made.
fn upcall<T>(call: impl FnOnce(&mut Env<'_>) -> jni::errors::Result<T>) -> Option<T> {
    let vm = JavaVM::singleton().ok()?;
    vm.with_local_frame(FRAME, |env| -> jni::errors::Result<Option<T>> {
        let result = call(env);
        if result.is_err() {
            // A pending exception would break the next call; what it says may hold anything, so it is dropped.
            env.exception_clear();
        }
        Ok(result.ok())
    })
    .ok()
    .flatten()
}

fn optional<'local>(env: &mut Env<'local>, text: Option<&str>) -> jni::errors::Result<JString<'local>> {
    text.map_or_else(|| Ok(JString::null()), |text| env.new_string(text))
}

fn object(object: &JString<'_>) -> jvalue {
    jvalue { l: object.as_raw() }
}

fn boolean(value: bool) -> jvalue {
    jvalue { z: jboolean::from(value) }
}

fn long(value: u64) -> jvalue {
    jvalue { j: jlong::try_from(value).unwrap_or(jlong::MAX) }
}

fn offset(delta: TimeDelta) -> jvalue {
    jvalue { j: delta.num_milliseconds() }
}

/// Milliseconds since 1970, kept clear of the boundary's two special values.
fn millis(instant: DateTime<Utc>) -> jlong {
    instant.timestamp_millis().clamp(NEVER + 1, FOREVER - 1)
}
