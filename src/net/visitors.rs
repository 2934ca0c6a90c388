//! What the addresses that clients come from have open and have asked for, in
//! all workers: one entry for each, while there is something to say of it.

use crate::base::limits::VISITORS_MAX;
use crate::base::network::network;
use crate::base::rate::{self, Rate};
use crate::base::tick::{Millis, Tick, Time};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Locks, so that two workers that accept seldom meet at one.
const SHARDS: usize = 16;

/// What one address may take; `None`: as much as it likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VisitorRules {
    /// Connections at once.
    pub connections: Option<u64>,
    /// New connections.
    pub connects: Option<Rate>,
    /// HTTP requests.
    pub requests: Option<Rate>,
}

/// One address, shared by its connections.
#[derive(Debug)]
pub struct Visitor {
    address: IpAddr,
    /// Written under the lock of its shard.
    connections: AtomicU64,
    connects: AtomicU64,
    requests: AtomicU64,
}

/// The addresses of all clients, where any limit is on them. Locked when a
/// connection comes or goes, and for no request but those that come through a
/// trusted proxy.
#[derive(Debug)]
pub struct Visitors {
    rules: VisitorRules,
    hasher: RandomState,
    shards: Vec<Mutex<Shard>>,
}

#[derive(Debug, Default)]
struct Shard {
    known: HashMap<IpAddr, Arc<Visitor>>,
    /// Entries at which those with nothing to say are dropped, at most once in
    /// a tick.
    sweep_at: usize,
    swept: Tick,
}

/// The address has too many connections, or too many new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnedAway {
    /// When to try again.
    pub after: Millis,
}

impl Visitors {
    /// Nobody is there yet.
    #[must_use]
    pub fn new(rules: VisitorRules) -> Visitors {
        Visitors {
            rules,
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }

    /// A client has connected. `None`: no account is kept of it, for there are
    /// no limits, it has no address, or there is no room for one more.
    ///
    /// # Errors
    /// [`TurnedAway`]: this connection is one too many.
    pub fn come(&self, address: IpAddr, now: Time) -> Result<Option<Arc<Visitor>>, TurnedAway> {
        if self.rules == VisitorRules::default() || address.is_unspecified() {
            return Ok(None);
        }
        let address = network(address);
        let mut shard = self.shard(address);
        let Some(visitor) = shard.visitor(address, now) else {
            return Ok(None);
        };
        let open = visitor.connections.load(Ordering::Relaxed);
        if self.rules.connections.is_some_and(|most| open >= most) {
            let after = Millis::seconds(1);
            return Err(TurnedAway { after });
        }
        if let Some(rate) = self.rules.connects {
            rate.take(&visitor.connects, now)
                .map_err(|after| TurnedAway { after })?;
        }
        visitor.connections.store(open + 1, Ordering::Relaxed);
        Ok(Some(visitor))
    }

    /// One of its connections is gone.
    pub fn go(&self, visitor: &Visitor, now: Time) {
        let mut shard = self.shard(visitor.address);
        let open = visitor.connections.load(Ordering::Relaxed);
        visitor
            .connections
            .store(open.saturating_sub(1), Ordering::Relaxed);
        if visitor.is_forgotten(now) {
            shard.known.remove(&visitor.address);
        }
    }

    /// It asks for something.
    ///
    /// # Errors
    /// How long it should wait before it asks again.
    pub fn ask(&self, visitor: &Visitor, now: Time) -> Result<(), Millis> {
        match self.rules.requests {
            Some(rate) => rate.take(&visitor.requests, now),
            None => Ok(()),
        }
    }

    /// Whether requests are counted.
    #[must_use]
    pub fn counts_requests(&self) -> bool {
        self.rules.requests.is_some()
    }

    /// A client behind a trusted proxy asks for something: who it is differs
    /// from request to request, so this takes a lock.
    ///
    /// # Errors
    /// As [`Visitors::ask`].
    pub fn ask_through(&self, address: IpAddr, now: Time) -> Result<(), Millis> {
        let address = network(address);
        let visitor = self.shard(address).visitor(address, now);
        visitor.map_or(Ok(()), |visitor| self.ask(&visitor, now))
    }

    /// Counts are whole after any panic, so poison is no matter.
    fn shard(&self, address: IpAddr) -> MutexGuard<'_, Shard> {
        let number = self.hasher.hash_one(address) as usize % SHARDS;
        self.shards[number]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    /// The entry of this address, a new one if need be and there is room.
    fn visitor(&mut self, address: IpAddr, now: Time) -> Option<Arc<Visitor>> {
        if let Some(visitor) = self.known.get(&address) {
            return Some(visitor.clone());
        }
        if self.known.len() >= self.sweep_at && now.tick() > self.swept {
            self.swept = now.tick();
            self.known.retain(|_, visitor| !visitor.is_forgotten(now));
            self.sweep_at = (2 * self.known.len()).clamp(64, VISITORS_MAX / SHARDS);
        }
        if self.known.len() >= VISITORS_MAX / SHARDS {
            return None;
        }
        let visitor = Arc::new(Visitor {
            address,
            connections: AtomicU64::new(0),
            connects: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        });
        self.known.insert(address, visitor.clone());
        Some(visitor)
    }
}

impl Visitor {
    /// Whether a new entry would say the same.
    fn is_forgotten(&self, now: Time) -> bool {
        self.connections.load(Ordering::Relaxed) == 0
            && rate::is_rested(&self.connects, now)
            && rate::is_rested(&self.requests, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn so_many_connections_at_once_for_each_address() {
        let visitors = Visitors::new(VisitorRules {
            connections: Some(2),
            ..VisitorRules::default()
        });
        let one = visitors.come(at("10.0.0.1"), Time(0)).expect("the first");
        let one = one.expect("an entry");
        assert!(visitors.come(at("::ffff:10.0.0.1"), Time(0)).is_ok());
        assert!(visitors.come(at("10.0.0.1"), Time(0)).is_err());
        assert!(visitors.come(at("10.0.0.2"), Time(0)).is_ok());
        visitors.go(&one, Time(0));
        assert!(visitors.come(at("10.0.0.1"), Time(0)).is_ok());
        assert!(visitors.come(at("2001:db8::1"), Time(0)).is_ok());
        assert!(visitors.come(at("2001:db8::2:1"), Time(0)).is_ok());
        assert!(visitors.come(at("2001:db8::3:1"), Time(0)).is_err());
        assert!(visitors.come(at("2001:db8:0:1::1"), Time(0)).is_ok());
    }

    #[test]
    fn who_is_gone_and_rested_is_forgotten_and_nobody_else() {
        let visitors = Visitors::new(VisitorRules {
            connects: Some(Rate::new(1, 1)),
            ..VisitorRules::default()
        });
        let known = |visitors: &Visitors| -> usize {
            let len = |shard: &Mutex<Shard>| shard.lock().expect("whole").known.len();
            visitors.shards.iter().map(len).sum()
        };
        let come = |number: u32, now| {
            let address = IpAddr::V4((number + 1).into());
            visitors.come(address, Time(now))
        };
        let all: Vec<_> = (0..5_000)
            .map(|number| come(number, 0).expect("one each").expect("an entry"))
            .collect();
        assert_eq!(known(&visitors), 5_000);
        for visitor in &all {
            visitors.go(visitor, Time(500));
        }
        assert_eq!(
            come(7, 500).map(drop),
            Err(TurnedAway { after: Millis(500) })
        );
        assert_eq!(known(&visitors), 5_000, "their second is not over");
        for number in 5_000..15_000 {
            come(number, 2_000).expect("one each");
        }
        assert_eq!(known(&visitors), 10_000, "the first have been swept");
    }

    #[test]
    fn the_number_of_addresses_is_bounded() {
        let visitors = Visitors::new(VisitorRules {
            connections: Some(1),
            ..VisitorRules::default()
        });
        let come = |number: u32| visitors.come(IpAddr::V4(number.into()), Time(0));
        let kept = (0..VISITORS_MAX as u32 + 10_000)
            .filter(|&number| matches!(come(number), Ok(Some(_))))
            .count();
        assert!(kept <= VISITORS_MAX && kept > VISITORS_MAX / 2);
    }
}
