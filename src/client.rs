//! F4: a blocking client for the framed protocol, for tools and tests.

use crate::base::limits::PACKAGE_HEAD_BYTES;
use crate::frame::codec;
use crate::frame::layout::PackageHead;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One connection to a server that speaks packages. Owns the socket.
///
/// ```no_run
/// use pelton::client::Client;
/// use std::time::Duration;
///
/// let addr = "127.0.0.1:9000".parse().expect("an address");
/// let mut client = Client::connect(addr, Duration::from_secs(5))?;
/// client.send(1, b"hello")?;
/// assert_eq!(client.receive()?, (1, b"hello".to_vec()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
}

impl Client {
    /// Connects; connecting and every answer may take as long as `timeout`.
    ///
    /// # Errors
    /// What the system says.
    pub fn connect(addr: SocketAddr, timeout: Duration) -> io::Result<Client> {
        let stream = TcpStream::connect_timeout(&addr, timeout)?;
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        stream.set_nodelay(true)?;
        Ok(Client { stream })
    }

    /// Sends one package.
    ///
    /// # Errors
    /// `InvalidInput` if the body does not fit one, or what the system says.
    pub fn send(&mut self, code: u16, body: &[u8]) -> io::Result<()> {
        let mut package = Vec::new();
        codec::encode(code, body, &mut package)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        self.stream.write_all(&package)
    }

    /// Receives one package: its code and its body.
    ///
    /// # Errors
    /// `InvalidData` if its length or its CRC is wrong, `UnexpectedEof` if the
    /// server closes first, or what the system says.
    pub fn receive(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let bad = |what| io::Error::new(io::ErrorKind::InvalidData, what);
        let mut head = [0; PACKAGE_HEAD_BYTES];
        self.stream.read_exact(&mut head)?;
        let head = PackageHead::read(&head).ok_or_else(|| bad("a head that is not whole"))?;
        let len = head
            .body_len(usize::from(u16::MAX))
            .ok_or_else(|| bad("a package whose length is under 8"))?;
        let mut body = vec![0; len];
        self.stream.read_exact(&mut body)?;
        if head.crc != codec::crc(&body) {
            return Err(bad("a package whose CRC-32 is not that of its body"));
        }
        Ok((head.code, body))
    }
}
