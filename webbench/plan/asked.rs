//! What is asked for, by the protocol that the URL names: method, version and
//! requests, out of the options that go with it. Pure.

use super::request::{Asking, Field};
use super::{Method, Version};
use crate::arguments::Arguments;
use crate::url::{Package, Target};
use pelton::frame::{ECHO, HEARTBEAT, codec};

/// Method, version, and the bytes of each request.
pub(super) type Requests = (Method, Version, Vec<Vec<u8>>);

/// Over HTTP.
pub(super) fn http(arguments: &Arguments, target: &Target) -> Result<Requests, String> {
    if arguments.heartbeat.is_some() {
        return Err("--heartbeat is of the other protocol: write frame://HOST:PORT".to_owned());
    }
    let body = match (&arguments.body, &arguments.body_file) {
        (Some(text), _) => Some(text.as_bytes()),
        (None, file) => file.as_ref().map(|file| &file.0[..]),
    };
    let method = Method::of(arguments, body.is_some())?;
    let version = match () {
        () if arguments.http09 => Version::Http09,
        () if arguments.http11 || is_kept(arguments) => Version::Http11,
        () => Version::Http10,
    };
    let more = !arguments.headers.is_empty() || body.is_some() || arguments.proxy.is_some();
    let least = if more {
        Version::Http10
    } else {
        Version::Http09
    };
    let fields = arguments.headers.iter().map(|line| Field::parse(line));
    let asking = Asking {
        method: &method,
        version: version.max(least).max(method.first_version()),
        authority: &target.authority,
        keep_alive: is_kept(arguments),
        reload: arguments.reload,
        fields: &fields.collect::<Result<Vec<Field>, String>>()?,
        body,
    };
    // RFC 9112 3.2.2: a proxy is told the whole of it.
    let before = match arguments.proxy {
        Some(_) => format!("http://{}", target.authority),
        None => String::new(),
    };
    let paths = paths(arguments, target)?;
    let requests = paths
        .iter()
        .map(|path| asking.request(&(before.clone() + path)));
    let requests = requests.collect();
    Ok((method.clone(), asking.version, requests))
}

/// What is asked for: the URL's path, or those of the list.
fn paths(arguments: &Arguments, target: &Target) -> Result<Vec<String>, String> {
    let Some(list) = &arguments.urls else {
        return Ok(vec![target.path.clone()]);
    };
    let lines = list.0.iter();
    let paths = lines.map(|line| target.sibling(line).map(|one| one.path));
    paths.collect::<Result<Vec<String>, String>>()
}

/// By packages, of which all are alike.
pub(super) fn packages(arguments: &Arguments, package: Package) -> Result<Requests, String> {
    refuse_http_options(arguments)?;
    let Package { code, bytes } = match arguments.heartbeat {
        Some(_) => Package {
            code: HEARTBEAT,
            bytes: 0,
        },
        None => package,
    };
    let body: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
    let mut request = Vec::new();
    codec::encode(code, &body, &mut request).map_err(|error| error.to_string())?;
    let name = match code {
        HEARTBEAT => "HEARTBEAT".to_owned(),
        ECHO => "ECHO".to_owned(),
        code => format!("CODE {code}"),
    };
    Ok((Method(name), Version::Packages, vec![request]))
}

/// Options that mean nothing to packages.
fn refuse_http_options(arguments: &Arguments) -> Result<(), String> {
    let versions = arguments.http09 || arguments.http10 || arguments.http11;
    let methods = arguments.head || arguments.options || arguments.trace || arguments.get;
    let bodies = arguments.body.is_some() || arguments.body_file.is_some();
    for (given, option) in [
        (versions, "-9, -1 or -2"),
        (methods || arguments.method.is_some(), "a method"),
        (!arguments.headers.is_empty(), "-H"),
        (bodies, "--body (write frame://HOST:PORT?bytes=N)"),
        (arguments.urls.is_some(), "--urls"),
        (arguments.reload, "-r"),
        (arguments.proxy.is_some(), "-p"),
        (arguments.force, "-f"),
    ] {
        if given {
            return Err(format!("frame:// goes without {option}: leave it out"));
        }
    }
    Ok(())
}

/// Whether connections take more than one request.
pub(super) fn is_kept(arguments: &Arguments) -> bool {
    arguments.keep_alive || arguments.pipeline.is_some()
}
