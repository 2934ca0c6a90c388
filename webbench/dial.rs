//! Connections to the server, each from the source address that its client
//! has.

use mio::net::TcpStream;
use pelton::os::socket;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where connections go, and from where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dial {
    pub(crate) addr: SocketAddr,
    /// How many source addresses there are; none where the system chooses.
    pub(crate) sources: Option<u32>,
    /// What is sent at once is more than a segment.
    pub(crate) is_large: bool,
}

impl Dial {
    /// Begins the connection of a client; it may be under way for a while.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn connect(&self, client: usize) -> io::Result<TcpStream> {
        let stream = match self.sources {
            None => TcpStream::connect(self.addr)?,
            Some(sources) => {
                let source = IpAddr::V4(source(client, sources));
                TcpStream::from_std(socket::connect_from(source, self.addr)?)
            }
        };
        if self.is_large {
            stream.set_nodelay(true)?;
        }
        Ok(stream)
    }
}

/// 127.0.0.1, 127.0.0.2 and so on, in turn.
fn source(client: usize, sources: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + client as u32 % sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_come_in_turn() {
        let sources = [0, 1, 2, 3, 256].map(|client| source(client, 300).to_string());
        let expected = [
            "127.0.0.1",
            "127.0.0.2",
            "127.0.0.3",
            "127.0.0.4",
            "127.0.1.1",
        ];
        assert_eq!(sources, expected);
        assert_eq!(source(300, 300), Ipv4Addr::LOCALHOST);
    }
}
