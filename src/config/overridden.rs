//! What arguments change in a configuration.

use crate::config::{Address, Config, Listen, Protocol, Refusal, ServeArgs};

impl Config {
    /// The configuration with the arguments put over it.
    ///
    /// # Errors
    ///
    /// If two listeners would have the same address, or a folder is given where
    /// there are several sites; in one line that says what to do.
    pub fn overridden(mut self, arguments: &ServeArgs) -> Result<Config, Refusal> {
        if let Some(dir) = &arguments.dir {
            if self.sites.len() > 1 {
                let (dir, sites) = (dir.display(), self.sites.len());
                return Err(Refusal(format!(
                    "{dir} cannot be the folder of {sites} sites: leave it out, and write the root \
                     of each in the file"
                )));
            }
            self.sites
                .iter_mut()
                .for_each(|site| site.root.clone_from(dir));
        }
        self.mode = arguments.mode.unwrap_or(self.mode);
        self.master.enable |= arguments.master;
        self.workers = arguments.workers.unwrap_or(self.workers);
        let given = [
            (Protocol::Http, &arguments.http),
            (Protocol::Frame, &arguments.frame),
        ];
        for (protocol, addr) in given {
            if let Some(addr) = addr {
                replace(&mut self.listen, protocol, addr);
            }
        }
        match repeated(&self.listen) {
            Some(addr) => Err(Refusal(format!(
                "two listeners would have the address {addr}: \
                 give another one with --http or --frame; port 0 is any free one"
            ))),
            None => Ok(self),
        }
    }
}

/// Puts one listener in the place of all that speak `protocol`; in the framing
/// of the first.
fn replace(listen: &mut Vec<Listen>, protocol: Protocol, addr: &Address) {
    let first = listen.iter().position(|old| old.protocol == protocol);
    let mut new = match addr {
        Address::Ip(addr) => Listen::new(*addr, protocol),
        Address::Unix(path) => Listen::unix(path, protocol),
    };
    new.framing = first.map_or(new.framing, |first| listen[first].framing);
    listen.retain(|old| old.protocol != protocol);
    listen.insert(first.unwrap_or(listen.len()), new);
}

/// An address that two listeners have; port 0 is another port each time.
fn repeated(listen: &[Listen]) -> Option<&Address> {
    let addrs: Vec<&Address> = listen.iter().map(|listen| &listen.addr).collect();
    let again = |&(at, addr): &(usize, &&Address)| addr.is_one() && addrs[..at].contains(addr);
    addrs.iter().enumerate().find(again).map(|(_, addr)| *addr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Command, Mode};

    fn over(file: &str, words: &str) -> Result<Config, Refusal> {
        let words = std::iter::once("pelton").chain(words.split_whitespace());
        let Ok(Command::Serve(arguments)) = config::arguments(words) else {
            panic!("good arguments");
        };
        config::parse(file)
            .expect("a good file")
            .overridden(&arguments)
    }

    fn check(file: &str, words: &str, expected: &[(&str, Protocol, bool)]) {
        let config = over(file, words).expect("no clash");
        let got: Vec<(String, Protocol, bool)> = config
            .listen
            .iter()
            .map(|listen| {
                (
                    listen.addr.to_string(),
                    listen.protocol,
                    listen.defer_accept,
                )
            })
            .collect();
        let expected: Vec<(String, Protocol, bool)> = expected
            .iter()
            .map(|(addr, protocol, defer)| ((*addr).into(), *protocol, *defer))
            .collect();
        assert_eq!(got, expected, "{words}");
    }

    #[test]
    fn no_arguments_change_nothing() {
        assert_eq!(
            over("workers = 3", ""),
            config::parse("workers = 3").map_err(|_| unreachable!())
        );
    }

    #[test]
    fn arguments_go_before_the_file() {
        let config = over("workers = 3", "here --workers 0 --mode proactor").expect("no clash");
        assert_eq!((config.workers, config.mode), (0, Mode::Proactor));
        assert_eq!(config.sites[0].root, std::path::Path::new("here"));
    }

    #[test]
    fn a_folder_is_for_one_site() {
        let file = "[[site]]\nhosts = [\"a.org\"]\n[[site]]\nroot = \"b\"";
        let Refusal(line) = over(file, "here").expect_err("which of the two?");
        assert!(
            line.contains("here cannot be the folder of 2 sites"),
            "{line}"
        );
    }

    #[test]
    fn an_address_replaces_all_listeners_of_its_protocol() {
        use Protocol::{Auto, Frame, Http};
        let file = "[[listen]]\naddr=\"1\"\nprotocol=\"frame\"\n[[listen]]\naddr=\"2\"\n\
                    [[listen]]\naddr=\"3\"\n[[listen]]\naddr=\"4\"\nprotocol=\"auto\"";
        let frame = ("127.0.0.1:1", Frame, false);
        let auto = ("127.0.0.1:4", Auto, false);
        check(
            file,
            "--http :80",
            &[frame, ("0.0.0.0:80", Http, true), auto],
        );
        check(
            file,
            "--frame 2 --http 1",
            &[
                ("127.0.0.1:2", Frame, false),
                ("127.0.0.1:1", Http, true),
                auto,
            ],
        );
        check(
            "",
            "--http 0 --frame 0",
            &[("127.0.0.1:0", Http, true), ("127.0.0.1:0", Frame, false)],
        );
        check(
            "[[listen]]\naddr=\"1\"",
            "--frame 2",
            &[("127.0.0.1:1", Http, true), ("127.0.0.1:2", Frame, false)],
        );
    }

    #[test]
    fn so_does_a_unix_socket() {
        use Protocol::{Frame, Http};
        let sockets = [("unix:/run/a.sock", Http, false), ("unix:@b", Frame, false)];
        check("", "--http unix:/run/a.sock --frame unix:@b", &sockets);
        let Refusal(line) = over("", "--http unix:a --frame unix:a").expect_err("a clash");
        assert!(line.contains("the address unix:a: "), "{line}");
    }

    #[test]
    fn an_address_does_not_change_the_framing() {
        let file = "[[listen]]\naddr=\"1\"\nprotocol=\"frame\"\nframing=\"head16\"";
        let config = over(file, "--frame 2").expect("no clash");
        assert_eq!(config.listen[0].framing, "head16");
        let config = over("[[listen]]\naddr=\"1\"", "--frame 2").expect("no clash");
        assert_eq!(config.listen[1].framing, "head8");
    }

    #[test]
    fn two_listeners_on_one_address_are_refused() {
        let Refusal(line) = over("", "--http 9000").expect_err("a clash");
        assert!(
            line.contains("127.0.0.1:9000") && line.contains("--http"),
            "{line}"
        );
        assert!(over("", "--http 9000 --frame 8080").is_ok());
    }
}
