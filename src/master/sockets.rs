//! The listening sockets, which outlive every serving process.
//!
//! A socket that was opened for an address lives as long as that address is
//! configured, whatever becomes of the number of loops: closing one would reset
//! the connections that wait in its queue.

use super::failure::Failure;
use super::handoff::{Listening, numbers};
use crate::config::{Address, Config, Listen};
use crate::engine::{StartError, workers};
use crate::os::inherit;
use crate::os::local::{self, Bound, SocketFile};
use crate::os::socket::{self, ListenOptions};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Times that an address is looked at which another process has.
const PROBES: usize = 20;
/// The pause in between.
const PROBED_EVERY: Duration = Duration::from_millis(25);

/// The listening sockets of a configuration.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    addresses: Vec<Place>,
}

/// Those of one address: as many as there were loops at most; one, if it is a
/// unix socket.
#[derive(Debug)]
struct Place {
    listen: Listen,
    /// They came from elsewhere: there can be no more of them.
    given: bool,
    sockets: Vec<OwnedFd>,
    /// The file of a unix socket, where this process has made it: it goes with
    /// the last plan that has this address.
    file: Option<Arc<SocketFile>>,
}

impl Sockets {
    /// Takes over those that a socket unit has opened. Each must be one that
    /// the configuration listens on.
    pub(super) fn activated(config: &Config) -> Result<Sockets, Failure> {
        let sockets = inherit::activated()
            .map_err(|error| Failure::new(1, format!("cannot use LISTEN_FDS: {error}")))?;
        let mut all = Sockets::default();
        for socket in sockets {
            let at = address_of(&socket)?;
            let listen = config.listen.iter().find(|listen| listen.addr == at);
            let Some(listen) = listen else {
                let line = format!(
                    "the socket {at} of LISTEN_FDS is in no [[listen]]: add it there, or remove \
                     it from the socket unit"
                );
                return Err(Failure::new(2, line));
            };
            let known = all.addresses.iter_mut().find(|one| one.listen.addr == at);
            match known {
                Some(known) => known.sockets.push(socket),
                None => all.addresses.push(Place {
                    listen: listen.clone(),
                    given: true,
                    sockets: vec![socket],
                    file: None,
                }),
            }
        }
        Ok(all)
    }

    /// Takes over those that the last program of this process has left.
    pub(super) fn inherited(handed: &[Listening], config: &Config) -> io::Result<Sockets> {
        let take = |(handed, listen): (&Listening, &Listen)| {
            let sockets = handed
                .sockets
                .iter()
                .map(|number| inherit::take_listener(*number));
            Ok(Place {
                listen: listen.clone(),
                given: handed.given,
                sockets: sockets.collect::<io::Result<_>>()?,
                file: None,
            })
        };
        let addresses = handed.iter().zip(&config.listen).map(take);
        Ok(Sockets {
            addresses: addresses.collect::<io::Result<_>>()?,
        })
    }

    /// Takes over the files of unix sockets as well: they go when they are
    /// needed no more.
    pub(super) fn own_files(&mut self) {
        for place in self.addresses.iter_mut().filter(|place| !place.given) {
            if let Some(path) = place.listen.addr.file() {
                // Somebody may have removed it.
                place.file = SocketFile::at(path).ok().map(Arc::new);
            }
        }
    }

    /// What another configuration needs: those of its addresses that are here,
    /// and new ones, which do not listen yet. Nothing changes by this, and
    /// nobody notices if it is dropped.
    ///
    /// # Errors
    /// An address is taken, or not this machine's.
    pub(super) fn planned(&self, config: &Config) -> Result<Sockets, Failure> {
        let workers = workers(config);
        let mut left: Vec<&Place> = self.addresses.iter().collect();
        let mut planned = Sockets::default();
        for listen in &config.listen {
            let same = left.iter().position(|one| one.listen.addr == listen.addr);
            let known = same.map(|at| left.remove(at));
            let place = match known {
                Some(known) => known.grown(listen, workers),
                None => self.opened(listen, workers),
            };
            let failed = |error| Failure::new(1, StartError::Listen(listen.addr.clone(), error));
            planned.addresses.push(place.map_err(failed)?);
        }
        Ok(planned)
    }

    fn opened(&self, listen: &Listen, workers: usize) -> io::Result<Place> {
        let (first, file) = match &listen.addr {
            Address::Ip(addr) => (self.opened_ip(*addr, listen)?, None),
            Address::Unix(path) => local::prepare(path, listen.mode)?,
        };
        let place = Place {
            listen: listen.clone(),
            given: false,
            sockets: vec![first],
            file: file.map(Arc::new),
        };
        place.grown(listen, workers)
    }

    fn opened_ip(&self, addr: SocketAddr, listen: &Listen) -> io::Result<OwnedFd> {
        // A wider or a narrower address of ours is in nobody's way.
        let is_ours = self.addresses.iter().any(|one| one.overlaps(addr));
        if addr.port() != 0 && !is_ours {
            self.probe(addr)?;
        }
        Ok(socket::prepare(addr, options(listen))?.into())
    }

    /// Says whether an address is free. A process on its way out may have it for
    /// a moment longer.
    fn probe(&self, addr: SocketAddr) -> io::Result<()> {
        let mut tries = if self.addresses.is_empty() { 1 } else { PROBES };
        loop {
            tries -= 1;
            match socket::probe(addr) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {
                    thread::sleep(PROBED_EVERY);
                }
                probed => return probed,
            }
        }
    }

    /// Makes all of them listen as they should.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn listen(&self) -> io::Result<()> {
        for address in &self.addresses {
            for one in &address.sockets {
                if address.listen.addr.ip().is_some() {
                    socket::set_defer_accept(one, address.listen.defer_accept)?;
                }
                if !address.given {
                    socket::begin_listening(one)?;
                }
            }
            if let Some(file) = &address.file {
                file.set_mode(address.listen.mode)?;
            }
        }
        Ok(())
    }

    /// All of them, as they are handed down.
    pub(super) fn handed(&self) -> Vec<Listening> {
        let listening = |address: &Place| Listening {
            addr: address.listen.addr.clone(),
            given: address.given,
            sockets: numbers(&address.sockets),
        };
        self.addresses.iter().map(listening).collect()
    }

    /// Their descriptors.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let all = self.addresses.iter().flat_map(|one| &one.sockets);
        all.map(AsFd::as_fd)
    }

    /// Each address with its sockets, for a server.
    pub(super) fn into_each(self) -> impl Iterator<Item = (Address, Vec<OwnedFd>)> {
        let each = self.addresses.into_iter();
        each.map(|address| (address.listen.addr, address.sockets))
    }
}

impl Place {
    /// The same sockets once more, and as many as there are loops if there can
    /// be. Never fewer.
    fn grown(&self, listen: &Listen, workers: usize) -> io::Result<Place> {
        let again = self.sockets.iter().map(OwnedFd::try_clone);
        let mut sockets: Vec<OwnedFd> = again.collect::<io::Result<_>>()?;
        if let (Some(first), false) = (sockets.first(), self.given)
            && let Bound::Ip(real) = local::bound(first)?
        {
            while sockets.len() < workers {
                sockets.push(socket::prepare(real, options(listen))?.into());
            }
        }
        Ok(Place {
            listen: listen.clone(),
            given: self.given,
            sockets,
            file: self.file.clone(),
        })
    }

    /// Whether one of the two is every address with the port of the other.
    fn overlaps(&self, other: SocketAddr) -> bool {
        self.listen.addr.ip().is_some_and(|own| {
            let is_wide = own.ip().is_unspecified() || other.ip().is_unspecified();
            is_wide && own.port() == other.port()
        })
    }
}

fn options(listen: &Listen) -> ListenOptions {
    ListenOptions {
        reuse_port: true,
        defer_accept: listen.defer_accept,
    }
}

fn address_of(socket: &OwnedFd) -> Result<Address, Failure> {
    match local::bound(socket) {
        Ok(Bound::Ip(addr)) => Ok(Address::Ip(addr)),
        Ok(Bound::Unix(path)) => Ok(Address::Unix(path)),
        Err(error) => Err(Failure::new(1, format!("cannot use LISTEN_FDS: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Protocol;

    #[test]
    fn a_plan_keeps_what_is_there_and_the_order_of_the_configuration() {
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let listen = |protocol| Listen::new(any, protocol);
        let mut config = Config {
            workers: 2,
            listen: vec![listen(Protocol::Http), listen(Protocol::Frame)],
            ..Config::default()
        };
        let real = |sockets: &Sockets| -> Vec<(SocketAddr, usize)> {
            let each = sockets.addresses.iter();
            let shown = |one: &Place| match local::bound(&one.sockets[0]) {
                Ok(Bound::Ip(addr)) => (addr, one.sockets.len()),
                other => panic!("{other:?}"),
            };
            each.map(shown).collect()
        };
        let first = Sockets::default().planned(&config).expect("free ports");
        let bound = real(&first);
        assert_eq!((bound[0].1, bound[1].1), (2, 2));
        // A third one on the port of the first, of another address.
        let port = bound[0].0.port();
        let other = SocketAddr::from(([127, 0, 0, 2], port));
        config.listen.insert(1, Listen::new(other, Protocol::Http));
        config.workers = 1;
        let second = first.planned(&config).expect("a free address");
        assert_eq!(real(&second), [bound[0], (other, 1), bound[1]]);
        config.workers = 3;
        let third = second.planned(&config).expect("more of them");
        let counts: Vec<usize> = real(&third).iter().map(|one| one.1).collect();
        assert_eq!(counts, [3, 3, 3]);
    }

    #[test]
    fn every_address_overlaps_with_one_of_them_on_the_same_port() {
        let check = |own: &str, other: &str, expected: bool| {
            let own = own.parse().expect("an address");
            let address = Place {
                listen: Listen::new(own, Protocol::Http),
                given: false,
                sockets: Vec::new(),
                file: None,
            };
            let other = other.parse().expect("an address");
            assert_eq!(address.overlaps(other), expected, "{own}, {other}");
        };
        check("0.0.0.0:80", "127.0.0.1:80", true);
        check("127.0.0.1:80", "0.0.0.0:80", true);
        check("127.0.0.1:80", "127.0.0.2:80", false);
        check("0.0.0.0:80", "127.0.0.1:81", false);
    }
}
