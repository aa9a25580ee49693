//! Names to addresses, by the system's resolver. A name whose look-up hangs must not keep another one from being found, so
//! the addresses that a name had last are remembered for the time in which the resolver does not answer.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::blocking::{Kind, blocking};

/// How long a look-up may take where there is nothing to go on with, and where there is.
const FIRST: Duration = Duration::from_secs(4);
const AGAIN: Duration = Duration::from_secs(1);
/// Names remembered; a process that talks to more endpoints of AWS than this is none.
const NAMES: usize = 256;

/// Shared by all exchanges.
#[derive(Clone, Copy, Debug)]
pub struct Resolver;

type Memory = HashMap<String, Vec<SocketAddr>>;

fn memory() -> MutexGuard<'static, Memory> {
    static MEMORY: OnceLock<Mutex<Memory>> = OnceLock::new();
    MEMORY.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = resolve(name.as_str(), |name| Ok((name, 0).to_socket_addrs()?.collect())).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

async fn resolve(
    name: &str,
    look_up: impl FnOnce(&str) -> io::Result<Vec<SocketAddr>> + Send + 'static,
) -> io::Result<Vec<SocketAddr>> {
    let known = memory().get(name).cloned();
    let asked = name.to_owned();
    let limit = if known.is_some() { AGAIN } else { FIRST };
    match (blocking(Kind::Name, limit, "name resolution", move || look_up(&asked)).await, known) {
        (Ok(Ok(found)), _) if !found.is_empty() => {
            let mut memory = memory();
            if memory.len() < NAMES || memory.contains_key(name) {
                memory.insert(name.to_owned(), found.clone());
            }
            Ok(found)
        }
        // The resolver is broken or says that there is no such name (any more): the service may still be where it was.
        (_, Some(known)) => Ok(known),
        (Ok(Ok(_)), None) => Err(io::Error::other("the name has no address")),
        (Ok(Err(error)), None) => Err(error),
        (Err(late), None) => Err(io::Error::new(io::ErrorKind::TimedOut, late.message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

    #[tokio::test]
    async fn a_name_that_was_found_once_is_known_while_the_resolver_fails() {
        let name = "once.example";
        let failing = |_: &str| Err(io::Error::other("the resolver is down"));
        assert!(resolve(name, failing).await.is_err());
        assert_eq!(resolve(name, |_| Ok(vec![ADDRESS])).await.unwrap(), [ADDRESS]);
        assert_eq!(resolve(name, failing).await.unwrap(), [ADDRESS]);
        assert_eq!(resolve(name, |_| Ok(Vec::new())).await.unwrap(), [ADDRESS]);
    }

    #[tokio::test]
    async fn the_newest_addresses_are_the_ones_remembered() {
        let name = "moved.example";
        let other: SocketAddr = "127.0.0.2:0".parse().unwrap();
        resolve(name, |_| Ok(vec![ADDRESS])).await.unwrap();
        assert_eq!(resolve(name, move |_| Ok(vec![other])).await.unwrap(), [other]);
        assert_eq!(resolve(name, |_| Err(io::Error::other("down"))).await.unwrap(), [other]);
    }
}
