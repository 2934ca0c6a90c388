//! The listening sockets, which outlive every serving process.
//!
//! A socket that was opened for an address lives as long as that address is
//! configured, whatever becomes of the number of loops: closing one would reset
//! the connections that wait in its queue.

use super::failure::Failure;
use super::handoff::{Listening, numbers};
use crate::config::{Config, Listen};
use crate::engine::{StartError, workers};
use crate::os::inherit;
use crate::os::socket::{self, ListenOptions};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::thread;
use std::time::Duration;

/// Times that an address is looked at which another process has.
const PROBES: usize = 20;
/// The pause in between.
const PROBED_EVERY: Duration = Duration::from_millis(25);

/// The listening sockets of a configuration.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    addresses: Vec<Address>,
}

/// Those of one address: as many as there were loops at most.
#[derive(Debug)]
struct Address {
    listen: Listen,
    /// They came from elsewhere: there can be no more of them.
    given: bool,
    sockets: Vec<TcpListener>,
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
                None => all.addresses.push(Address {
                    listen: *listen,
                    given: true,
                    sockets: vec![socket],
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
            Ok(Address {
                listen: *listen,
                given: handed.given,
                sockets: sockets.collect::<io::Result<_>>()?,
            })
        };
        let addresses = handed.iter().zip(&config.listen).map(take);
        Ok(Sockets {
            addresses: addresses.collect::<io::Result<_>>()?,
        })
    }

    /// What another configuration needs: those of its addresses that are here,
    /// and new ones, which do not listen yet. Nothing changes by this, and
    /// nobody notices if it is dropped.
    ///
    /// # Errors
    /// An address is taken, or not this machine's.
    pub(super) fn planned(&self, config: &Config) -> Result<Sockets, Failure> {
        let workers = workers(config);
        let mut left: Vec<&Address> = self.addresses.iter().collect();
        let mut planned = Sockets::default();
        for listen in &config.listen {
            let same = left.iter().position(|one| one.listen.addr == listen.addr);
            let known = same.map(|at| left.remove(at));
            let address = match known {
                Some(known) => known.grown(*listen, workers),
                None => self.opened(*listen, workers),
            };
            let failed = |error| Failure::new(1, StartError::Listen(listen.addr, error));
            planned.addresses.push(address.map_err(failed)?);
        }
        Ok(planned)
    }

    fn opened(&self, listen: Listen, workers: usize) -> io::Result<Address> {
        // A wider or a narrower address of ours is in nobody's way.
        let is_ours = self.addresses.iter().any(|one| one.overlaps(listen.addr));
        if listen.addr.port() != 0 && !is_ours {
            self.probe(listen.addr)?;
        }
        let first = socket::prepare(listen.addr, options(&listen))?;
        let address = Address {
            listen,
            given: false,
            sockets: vec![first],
        };
        address.grown(listen, workers)
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
                socket::set_defer_accept(one, address.listen.defer_accept)?;
                if !address.given {
                    socket::begin_listening(one)?;
                }
            }
        }
        Ok(())
    }

    /// All of them, as they are handed down.
    pub(super) fn handed(&self) -> Vec<Listening> {
        let listening = |address: &Address| Listening {
            addr: address.listen.addr,
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
    pub(super) fn into_each(self) -> impl Iterator<Item = (SocketAddr, Vec<TcpListener>)> {
        let each = self.addresses.into_iter();
        each.map(|address| (address.listen.addr, address.sockets))
    }
}

impl Address {
    /// The same sockets once more, and as many as there are loops if there can
    /// be. Never fewer.
    fn grown(&self, listen: Listen, workers: usize) -> io::Result<Address> {
        let again = self.sockets.iter().map(TcpListener::try_clone);
        let mut sockets: Vec<TcpListener> = again.collect::<io::Result<_>>()?;
        if let (Some(first), false) = (sockets.first(), self.given) {
            let real = first.local_addr()?;
            while sockets.len() < workers {
                sockets.push(socket::prepare(real, options(&listen))?);
            }
        }
        Ok(Address {
            listen,
            given: self.given,
            sockets,
        })
    }

    /// Whether one of the two is every address with the port of the other.
    fn overlaps(&self, other: SocketAddr) -> bool {
        let own = self.listen.addr;
        let is_wide = own.ip().is_unspecified() || other.ip().is_unspecified();
        is_wide && own.port() == other.port()
    }
}

fn options(listen: &Listen) -> ListenOptions {
    ListenOptions {
        reuse_port: true,
        defer_accept: listen.defer_accept,
    }
}

fn address_of(socket: &TcpListener) -> Result<SocketAddr, Failure> {
    socket
        .local_addr()
        .map_err(|error| Failure::new(1, format!("cannot use LISTEN_FDS: {error}")))
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
            let shown = |one: &Address| {
                let addr = one.sockets[0].local_addr().expect("its address");
                (addr, one.sockets.len())
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
            let address = Address {
                listen: Listen::new(own, Protocol::Http),
                given: false,
                sockets: Vec::new(),
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
