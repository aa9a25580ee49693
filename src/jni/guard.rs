//! The one guard round every native method: an error or a panic becomes a Java exception.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Once;

use jni::errors::ErrorPolicy;
use jni::strings::JNIString;
use jni::{Env, EnvUnowned, jni_str};

/// Why a native method failed.
#[derive(Debug)]
pub enum Failure {
    /// The caller's fault: becomes an `IllegalArgumentException`.
    Argument(String),
    /// Not in this state: becomes an `IllegalStateException`.
    State(String),
    Jni(jni::errors::Error),
}

impl From<jni::errors::Error> for Failure {
    fn from(error: jni::errors::Error) -> Self {
        Failure::Jni(error)
    }
}

/// Runs the body of a native method.
pub fn guard<'local, T: Default>(
    mut env: EnvUnowned<'local>,
    body: impl FnOnce(&mut Env<'local>) -> Result<T, Failure>,
) -> T {
    note_panics();
    env.with_env(body).resolve::<Throw>()
}

thread_local! {
    /// Where this thread panicked last.
    static PANICKED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Panics are noted by their place alone: what they say could hold a secret, and stderr is the application's.
/// The hook belongs to this library's own copy of the standard library, not to the process.
fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
            PANICKED.with(|slot| {
                if let Ok(mut slot) = slot.try_borrow_mut() {
                    *slot = place;
                }
            });
        }));
    });
}

struct Throw;

impl<T: Default> ErrorPolicy<T, Failure> for Throw {
    type Captures<'unowned_env_local: 'native_method, 'native_method> = ();

    fn on_error<'unowned_env_local: 'native_method, 'native_method>(
        env: &mut Env<'unowned_env_local>,
        (): &mut (),
        failure: Failure,
    ) -> jni::errors::Result<T> {
        if env.exception_check() {
            return Ok(T::default());
        }
        // Throwing returns an error that stands for the exception now pending; that is what is wanted.
        let _pending = match failure {
            Failure::Argument(text) => {
                env.throw_new(jni_str!("java/lang/IllegalArgumentException"), JNIString::from(text))
            }
            Failure::State(text) => env.throw_new(jni_str!("java/lang/IllegalStateException"), JNIString::from(text)),
            Failure::Jni(error) => throw_ours(env, format!("A call into the JVM failed inside evercreds: {error}")),
        };
        Ok(T::default())
    }

    fn on_panic<'unowned_env_local: 'native_method, 'native_method>(
        env: &mut Env<'unowned_env_local>,
        (): &mut (),
        _payload: Box<dyn Any + Send + 'static>,
    ) -> jni::errors::Result<T> {
        let place = PANICKED.with(|slot| slot.try_borrow_mut().ok().and_then(|mut slot| slot.take()));
        if !env.exception_check() {
            let place = place.unwrap_or_else(|| "an unknown place".into());
            let _pending = throw_ours(env, format!("evercreds failed inside at {place}; this is a bug."));
        }
        Ok(T::default())
    }
}

fn throw_ours(env: &mut Env<'_>, text: String) -> jni::errors::Result<()> {
    env.throw_new(jni_str!("io/github/evercreds/EvercredsException"), JNIString::from(text))
}
