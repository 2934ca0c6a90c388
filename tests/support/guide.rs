// What the first step of the guide (src/guide.md) shows, for its other steps.

/// Two ports that are free: the first one for HTTP, the other for packages.
pub fn start(router: pelton::Router) -> Result<pelton::Running, Box<dyn std::error::Error>> {
    use pelton::config::{Listen, Protocol};

    let any_port = "127.0.0.1:0".parse()?;
    let config = pelton::Config {
        listen: vec![
            Listen::new(any_port, Protocol::Http),
            Listen::new(any_port, Protocol::Frame),
        ],
        sites: Vec::new(),
        ..pelton::Config::default()
    };
    Ok(pelton::Server::new(config).service(router).start()?)
}

/// Asks once, and returns all that is answered: the head and the body.
pub fn ask(http: std::net::SocketAddr, what: &str) -> std::io::Result<String> {
    use std::io::{Read, Write};

    let mut stream = std::net::TcpStream::connect(http)?;
    write!(stream, "{what} HTTP/1.1\r\nHost: guide\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
