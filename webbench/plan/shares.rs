//! What fits on a machine, and what each worker process gets of it. Pure.

use super::Plan;
use std::net::Ipv4Addr;

/// Descriptors that a process needs besides its clients' sockets and the
/// pipes of the workers.
const FILES_RESERVED: usize = 32;

/// How much of its ports is used before a machine takes another one of its
/// addresses: the last free ones are slow to find, and some are not free yet
/// though their client is done with them.
const PORTS_USED: (usize, usize) = (3, 4);

/// What a machine allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    /// Processors.
    pub(crate) cpus: usize,
    /// Files that a process may have open.
    pub(crate) files: usize,
    /// Local ports for connections from one address to one address.
    pub(crate) ports: usize,
}

/// The part of a run that one worker process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// Which one it is.
    pub(crate) number: usize,
    /// Of how many.
    pub(crate) workers: usize,
    pub(crate) clients: usize,
    /// Requests that it is to begin, if that is the end of the run.
    pub(crate) requests: Option<u64>,
    /// Files that it may have open besides one for each client.
    pub(crate) spare_files: usize,
    /// Source addresses that its clients use in turn, from 127.0.0.1 on; none
    /// where the system is to choose.
    pub(crate) sources: Option<u32>,
}

impl Share {
    /// Which client of the run one of this share is: all shares take turns.
    pub(crate) fn number_of(&self, client: usize) -> usize {
        client * self.workers + self.number
    }
}

impl Plan {
    /// What each worker process gets.
    ///
    /// # Errors
    /// A line that says what does not fit on `machine`, and what does.
    pub(crate) fn shares(&self, machine: Machine) -> Result<Vec<Share>, String> {
        let sources = self.sources(machine.ports)?;
        let (processes, room) = self.processes(machine)?;
        let (clients, requests) = (self.clients, self.requests);
        let share = |number| {
            let clients = part(clients as u64, processes, number) as usize;
            Share {
                number,
                workers: processes,
                clients,
                requests: requests.map(|requests| part(requests, processes, number)),
                spare_files: room.saturating_sub(clients),
                sources,
            }
        };
        Ok((0..processes).map(share).collect())
    }

    /// How many processes there are, and how many clients' files fit into each.
    fn processes(&self, machine: Machine) -> Result<(usize, usize), String> {
        let Machine { cpus, files, .. } = machine;
        let clients = self.clients;
        let usable = files.saturating_sub(FILES_RESERVED).max(1);
        // Every process has the pipes of those that were forked before it.
        let room = |processes: usize| usable.saturating_sub(processes);
        let fits = |processes: &usize| clients.div_ceil(*processes) <= room(*processes);
        let wanted = match (self.fork_per_client, self.processes) {
            (true, _) => clients,
            (false, Some(processes)) => processes.min(clients),
            (false, None) => {
                let enough = (1..=clients).find(fits).unwrap_or(clients);
                cpus.max(enough).min(clients)
            }
        };
        if fits(&wanted) {
            return Ok((wanted, room(wanted)));
        }
        let most = wanted.min(usable) * room(wanted.min(usable));
        let advice = match (1..=clients).find(fits) {
            Some(_) if self.fork_per_client => "leave --fork-per-client out".to_owned(),
            Some(needed) => format!("take --processes {needed} or more, -c {most} or fewer"),
            None => "take a smaller -c".to_owned(),
        };
        Err(format!(
            "{clients} clients do not fit into {wanted} processes of {files} open files: {advice}, \
             or raise `ulimit -n`"
        ))
    }

    /// How many source addresses the clients need: one suffices unless there
    /// are more clients than it has ports for. This machine has many addresses,
    /// if it is the server too.
    fn sources(&self, ports: usize) -> Result<Option<u32>, String> {
        let clients = self.clients;
        let host = self.server().0.parse::<Ipv4Addr>();
        let is_here = host.is_ok_and(|host| host.is_loopback());
        let (some, of) = PORTS_USED;
        let each = (ports / of * some).max(1);
        match () {
            () if is_here && clients > each => Ok(Some(clients.div_ceil(each) as u32)),
            () if is_here || clients <= ports => Ok(None),
            () => Err(format!(
                "{clients} clients need as many local ports, and there are {ports}: take -c \
                 {ports} or fewer, or widen net.ipv4.ip_local_port_range"
            )),
        }
    }
}

/// Part `number` of `whole`, of so many that differ by one at most, the larger
/// ones first.
fn part(whole: u64, parts: usize, number: usize) -> u64 {
    let (parts, number) = (parts as u64, number as u64);
    whole / parts + u64::from(number < whole % parts)
}

#[cfg(test)]
mod tests {
    use super::super::tests::plan;
    use super::*;

    const MACHINE: Machine = Machine {
        cpus: 2,
        files: 132,
        ports: 1000,
    };

    fn shares(words: &str) -> Result<Vec<Share>, String> {
        plan(words).shares(MACHINE)
    }

    fn clients(words: &str) -> Result<Vec<usize>, String> {
        let shares = shares(&format!("{words} http://a"))?;
        for share in &shares {
            assert_eq!(share.clients + share.spare_files + shares.len(), 100);
        }
        Ok(shares.iter().map(|share| share.clients).collect())
    }

    #[test]
    fn what_fits_is_shared_and_what_does_not_is_said() {
        assert_eq!(clients("-c 1"), Ok(vec![1]));
        assert_eq!(clients("-c 5"), Ok(vec![3, 2]));
        assert_eq!(clients("-c 5 --processes 9"), Ok(vec![1; 5]));
        assert_eq!(clients("-c 5 --fork-per-client"), Ok(vec![1; 5]));
        assert_eq!(clients("-c 196"), Ok(vec![98, 98]));
        assert_eq!(
            clients("-c 201"),
            Ok(vec![67; 3]),
            "more processes than CPUs"
        );
        assert!(clients("-c 101 --processes 1").is_err_and(|line| line.contains("--processes 2")));
        assert!(clients("-c 1001").is_err_and(|line| line.contains("-c 1000 or fewer")));
        let line = clients("-c 200 --fork-per-client").expect_err("too many pipes");
        assert!(line.contains("leave --fork-per-client out"), "{line}");
        let line = shares("-c 100000 http://127.0.0.1").expect_err("too many files");
        assert!(line.contains("smaller -c"), "{line}");
    }

    #[test]
    fn requests_are_shared_to_the_last() {
        let shares = shares("-c 5 --processes 3 --requests 11 http://a").expect("they fit");
        let requests: Vec<_> = shares.iter().map(|share| share.requests).collect();
        assert_eq!(requests, [Some(4), Some(4), Some(3)]);
        assert!(shares.iter().all(|share| share.workers == 3));
        let numbers = |share: &Share| -> Vec<usize> {
            (0..share.clients).map(|key| share.number_of(key)).collect()
        };
        let numbers: Vec<_> = shares.iter().map(numbers).collect();
        assert_eq!(numbers, [vec![0, 3], vec![1, 4], vec![2]]);
    }

    #[test]
    fn this_machine_has_more_source_addresses() {
        for (words, expected) in [
            ("-c 750 http://127.0.0.1", None),
            ("-c 751 http://127.0.0.1", Some(2)),
            ("-c 1000 http://localhost", None),
            ("-c 1501 http://127.1.2.3:8", Some(3)),
            ("-c 1501 -p 127.1.2.3:8 http://a", Some(3)),
        ] {
            let shares = shares(words).expect("they fit");
            assert!(
                shares.iter().all(|share| share.sources == expected),
                "{words}"
            );
        }
        assert!(shares("-c 1001 -p a:8 http://127.0.0.1").is_err());
    }
}
