//! Tracing events of the engine's thread -> `Native.log`. Events of other threads and of other crates are dropped: a log
//! line is an upcall, and upcalls happen on the engine's thread only.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::rc::Rc;
use std::sync::Once;
use std::sync::atomic::{AtomicU8, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::publisher::JavaHost;

/// The numbers of the boundary: 0 off, 1 error, 2 warn, 3 info, 4 debug, 5 trace.
static LEVEL: AtomicU8 = AtomicU8::new(3);

thread_local! {
    static HOST: RefCell<Option<Rc<JavaHost>>> = const { RefCell::new(None) };
}

pub fn set_level(level: u8) {
    LEVEL.store(level, Ordering::Relaxed);
}

/// While this lives, the thread's log lines go to its host.
pub struct Attached;

impl Attached {
    pub fn to(host: &Rc<JavaHost>) -> Attached {
        static ONCE: Once = Once::new();
        // Fails only where a subscriber is set already, which within this library nobody else does.
        ONCE.call_once(|| drop(tracing::subscriber::set_global_default(ToJava)));
        HOST.with(|slot| *slot.borrow_mut() = Some(Rc::clone(host)));
        Attached
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        HOST.with(|slot| slot.borrow_mut().take());
    }
}

struct ToJava;

fn number(level: &Level) -> u8 {
    match *level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

impl Subscriber for ToJava {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && metadata.target().starts_with("evercreds")
            && number(metadata.level()) <= LEVEL.load(Ordering::Relaxed)
    }

    fn event(&self, event: &Event<'_>) {
        let host = HOST.with(|slot| slot.try_borrow().ok().and_then(|host| host.clone()));
        let Some(host) = host else { return };
        let mut line = Line(String::new());
        event.record(&mut line);
        let module = event.metadata().target().replace("::", ".");
        host.log(number(event.metadata().level()), &format!("io.github.{module}"), &line.0);
    }

    // Spans are not used.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let space = if self.0.is_empty() { "" } else { " " };
        // Writing to a String does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{space}{value:?}"),
            name => write!(self.0, "{space}{name}={value:?}"),
        };
    }
}
