//! Every key of the file, each in one place: its name, range, default, and
//! where it goes.

use crate::base::limits::*;
use crate::base::network::Network;
use crate::base::tick::Millis;
use crate::config::address;
use crate::config::section::Section;
use crate::config::site::sites;
use crate::config::{
    AccessFormat, Accounts, Address, Cache, Config, FRAMINGS, Limits, Listen, Log, Master, Mode,
    Proactor, Protocol, Rate, Status, Timeouts, What,
};
use log::LevelFilter;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

const MIB: usize = 1 << 20;
/// Files that a worker's cache may be told to hold.
const CACHE_FILES_MAX: usize = 1_000_000;
/// Memory that a key may claim: one TiB.
const MEMORY_MB_MAX: usize = 1 << 20;
/// Connections that may be asked for.
const CONNECTIONS_MAX: usize = 10_000_000;
/// Old logs that may be kept.
const LOGS_KEPT_MAX: usize = 1_000;
/// Packages that may be let wait for one peer.
const QUEUED_PACKAGES_MAX: usize = 65_536;

/// The top of the file, and all sections below it. `framings`: names that a
/// listener may give, the usual one first.
pub(super) fn config(top: &mut Section<'_, '_>, framings: &[&'static str]) -> Config {
    let mut master = Master::default();
    Config {
        mode: top.choice("mode", Mode::Reactor),
        workers: top.count("workers", 0..=WORKERS_MAX, 0),
        trusted_proxies: proxies(top),
        listen: listeners(top, framings),
        sites: sites(top),
        timeouts: top.section("timeouts", timeouts),
        cache: top.section("cache", cache),
        proactor: top.section("proactor", proactor),
        limits: top.section("limits", limits),
        accounts: top.section("accounts", accounts),
        drain: top.section("master", |keys| {
            master = self::master(keys);
            drain(keys)
        }),
        master,
        status: top.section("status", status),
        log: top.section("log", log),
    }
}

fn proxies(top: &mut Section<'_, '_>) -> Vec<Network> {
    let all = top.list(
        "trusted_proxies",
        0,
        "[\"127.0.0.1\", \"10.0.0.0/8\"]",
        str::parse,
    );
    all.unwrap_or_default()
        .into_iter()
        .map(|(_, one)| one)
        .collect()
}

fn listeners(top: &mut Section<'_, '_>, framings: &[&'static str]) -> Vec<Listen> {
    let Some(all) = top.sections("listen", |keys| listener(keys, framings)) else {
        return default_listeners();
    };
    let mut listen: Vec<Listen> = Vec::new();
    for (at, new) in all.into_iter().flatten() {
        if new.addr.is_one() && listen.iter().any(|known| known.addr == new.addr) {
            let other = new.addr.ip().map_or("path", |_| "port");
            let message = format!("{} is listened on already: write another {other}", new.addr);
            top.problem(at, message);
        }
        listen.push(new);
    }
    listen
}

/// One `[[listen]]`, and where in the text its address is.
fn listener(keys: &mut Section<'_, '_>, framings: &[&'static str]) -> Option<(usize, Listen)> {
    let addr = keys.required("addr", "\"127.0.0.1:8080\"", str::parse::<Address>);
    let is_unix = matches!(addr, Some(Address::Unix(_)));
    if let Some(file) = addr.as_ref().and_then(Address::file) {
        keys.name(keys.at("addr"), What::Socket, file.to_owned());
    }
    let mode = keys.parsed("mode", "\"0660\"", address::file_mode);
    if mode.is_some() && addr.as_ref().is_some_and(|addr| addr.file().is_none()) {
        let message = "`mode` is for the file of a unix socket: remove it";
        keys.problem(keys.at("mode"), message.to_owned());
    }
    let protocol = keys.choice("protocol", Protocol::Http);
    let framing = keys.word("framing", framings);
    if framing != FRAMINGS[0] && protocol != Protocol::Frame {
        let message = format!(
            "`framing` = \"{framing}\" cannot be told from HTTP: write protocol = \"frame\", or \
             remove it"
        );
        keys.problem(keys.at("framing"), message);
    }
    let proxy_protocol = keys.flag("proxy_protocol", false);
    let defer_accept = keys.flag("defer_accept", protocol == Protocol::Http && !is_unix);
    if defer_accept && is_unix {
        let message = "`defer_accept` is not for unix sockets: write false, or remove it";
        keys.problem(keys.at("defer_accept"), message.to_owned());
    }
    if defer_accept && protocol != Protocol::Http {
        let message = "`defer_accept` is for protocol = \"http\" alone: write false, or remove it";
        keys.problem(keys.at("defer_accept"), message.to_owned());
    }
    Some((
        keys.at("addr"),
        Listen {
            addr: addr?,
            mode: mode.unwrap_or(SOCKET_MODE_DEFAULT),
            proxy_protocol,
            protocol,
            framing,
            defer_accept,
        },
    ))
}

fn default_listeners() -> Vec<Listen> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    vec![
        Listen::new(at(8080), Protocol::Http),
        Listen::new(at(9000), Protocol::Frame),
    ]
}

fn timeouts(keys: &mut Section<'_, '_>) -> Timeouts {
    let frame_heartbeat = seconds(keys, "frame_heartbeat_s", HEARTBEAT_S_DEFAULT as usize);
    let missed = |beat: Millis| beat.0 * HEARTBEATS_MISSED_MAX;
    let grace = Millis::seconds(HEARTBEAT_GRACE_S).0;
    Timeouts {
        http_idle: seconds(keys, "http_idle_s", 8),
        http_head: seconds(keys, "http_head_s", 8),
        progress: seconds(keys, "progress_s", 30),
        frame_silence: frame_heartbeat.map(|beat| Millis(missed(beat) + grace)),
        frame_heartbeat,
    }
}

/// A time in seconds that 0 switches off.
fn seconds(keys: &mut Section<'_, '_>, key: &'static str, default: usize) -> Option<Millis> {
    match keys.count(key, 0..=TIMEOUT_S_MAX as usize, default) {
        0 => None,
        seconds => Some(Millis::seconds(seconds as u64)),
    }
}

fn cache(keys: &mut Section<'_, '_>) -> Cache {
    Cache {
        files: keys.count("files", 0..=CACHE_FILES_MAX, 1000),
        total_bytes: keys
            .count("total_mb", 0..=MEMORY_MB_MAX, 64)
            .saturating_mul(MIB),
    }
}

fn proactor(keys: &mut Section<'_, '_>) -> Proactor {
    Proactor {
        threads: keys.count("threads", 0..=POOL_THREADS_MAX, 0),
        queue_len: keys.count("queue_len", 1..=QUEUE_LEN_MAX, 1024),
    }
}

fn limits(keys: &mut Section<'_, '_>) -> Limits {
    let limits = Limits {
        connections: keys.count("connections", 0..=CONNECTIONS_MAX, 0),
        connections_per_address: some(keys.count(
            "connections_per_address",
            0..=CONNECTIONS_MAX,
            0,
        )),
        connects: rate(keys, "connects_per_s", "connects_burst"),
        requests: rate(keys, "requests_per_s", "requests_burst"),
        bandwidth: some(keys.count("bandwidth_kb_s", 0..=BANDWIDTH_KB_MAX, 0))
            .map(|kib| kib.saturating_mul(1 << 10)),
        flood_packets: some(keys.count("flood_packets", 0..=FLOOD_PACKETS_MAX, 0))
            .and_then(|packets| u32::try_from(packets).ok()),
        flood_window: Millis(keys.count("flood_ms", 1..=FLOOD_MS_MAX, 1_000) as u64),
        head_bytes: keys.count(
            "head_bytes",
            HEAD_BYTES_MIN..=HEAD_BYTES_MAX,
            HEAD_BYTES_DEFAULT,
        ),
        body_bytes: keys.count("body_bytes", 0..=BODY_BYTES_MAX, BODY_BYTES_DEFAULT),
        package_bytes: keys.count(
            "package_bytes",
            PACKAGE_HEAD_BYTES..=PACKAGE_BYTES_MAX,
            PACKAGE_BYTES_DEFAULT,
        ),
        queued_packages: keys.count(
            "queued_packages",
            1..=QUEUED_PACKAGES_MAX,
            QUEUED_PACKAGES_DEFAULT,
        ),
        buffer_bytes: keys
            .count(
                "buffer_mb",
                BUFFER_MB_MIN..=MEMORY_MB_MAX,
                BUFFER_MB_DEFAULT,
            )
            .saturating_mul(MIB),
    };
    check_budget(keys, &limits);
    limits
}

/// 0 switches a limit off.
fn some(count: usize) -> Option<u64> {
    (count > 0).then_some(count as u64)
}

/// A rate and its burst; a burst alone would limit nothing.
fn rate(keys: &mut Section<'_, '_>, per_s: &'static str, burst: &'static str) -> Option<Rate> {
    let wanted = some(keys.count(per_s, 0..=RATE_PER_S_MAX, 0));
    let burst_wanted = some(keys.count(burst, 0..=RATE_PER_S_MAX, 0));
    if wanted.is_none() && burst_wanted.is_some() {
        let message = format!("`{burst}` does nothing without a rate: write `{per_s}` as well");
        keys.problem(keys.at(burst), message);
    }
    wanted.map(|per_s| Rate {
        per_s,
        burst: burst_wanted,
    })
}

/// One whole request must fit the buffers, or none of that size is ever served:
/// that which holds all of it, the one that it grew out of, and some that the
/// loops keep back.
fn check_budget(keys: &mut Section<'_, '_>, limits: &Limits) {
    let request = limits.head_bytes + limits.body_bytes;
    let is_small = |class: &&usize| **class < request;
    let outgrown = BUFFER_CLASS_BYTES.iter().take_while(is_small).last();
    let whole = BUFFER_CLASS_BYTES.iter().find(|class| **class >= request);
    let needed = whole.unwrap_or(&request) + outgrown.unwrap_or(&0) + MIB;
    if needed > limits.buffer_bytes {
        let message = format!(
            "a request of `head_bytes` + `body_bytes` needs {} MB of buffers: \
             write at least that for `buffer_mb`, or a smaller `body_bytes`",
            needed.div_ceil(MIB)
        );
        keys.problem(keys.at("buffer_mb"), message);
    }
}

fn accounts(keys: &mut Section<'_, '_>) -> Accounts {
    let accounts = Accounts {
        file: keys.file("file", What::Accounts),
        tries_per_minute: keys.count("tries_per_minute", 0..=TRIES_MAX, TRIES_DEFAULT),
        hash_kib: keys.count(
            "hash_kib",
            HASH_LANE_KIB_MIN..=HASH_KIB_MAX,
            HASH_KIB_DEFAULT,
        ),
        hash_passes: keys.count("hash_passes", 1..=HASH_PASSES_MAX, HASH_PASSES_DEFAULT),
        hash_lanes: keys.count("hash_lanes", 1..=HASH_LANES_MAX, 1),
        session_days: keys.count("session_days", 1..=SESSION_DAYS_MAX, SESSION_DAYS_DEFAULT),
    };
    let least = HASH_LANE_KIB_MIN * accounts.hash_lanes;
    if accounts.hash_kib < least {
        let message = format!(
            "each lane of a hash needs {HASH_LANE_KIB_MIN} KiB: write at least {least} for \
             `hash_kib`, or fewer `hash_lanes`"
        );
        keys.problem(keys.at("hash_lanes"), message);
    }
    accounts
}

fn master(keys: &mut Section<'_, '_>) -> Master {
    let mut given = |key, what| {
        let text = keys.text(key, "");
        let is_given = !text.is_empty();
        if is_given {
            keys.name(keys.at(key), what, PathBuf::from(&text));
        }
        is_given.then_some(text)
    };
    let (user, group) = (given("user", What::User), given("group", What::Group));
    let master = Master {
        enable: keys.flag("enable", false),
        pid_file: keys.file("pid_file", What::Written),
        daemon: keys.flag("daemon", false),
        user,
        group,
    };
    if master.group.is_some() && master.user.is_none() {
        let message = "`group` goes with a `user`: write both, or remove it";
        keys.problem(keys.at("group"), message.to_owned());
    }
    master
}

/// With a master or without one.
fn drain(keys: &mut Section<'_, '_>) -> Millis {
    Millis::seconds(keys.count("drain_s", 0..=TIMEOUT_S_MAX as usize, 30) as u64)
}

fn status(keys: &mut Section<'_, '_>) -> Status {
    let path = keys.text("path", "");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_~".contains(&byte);
    let slashes = path.starts_with('/') && path.ends_with('/') && !path.contains("//");
    let good = slashes && path.len() > 2 && path.bytes().all(plain);
    if !path.is_empty() && !good {
        let name = path.trim_matches('/');
        let name = if !name.is_empty() && name.bytes().all(plain) {
            name
        } else {
            "_pelton"
        };
        let message = format!(
            "`path` begins and ends with a slash, with letters, digits, - and _ between: write \
             \"/{name}/\", or \"\" for no status page"
        );
        keys.problem(keys.at("path"), message);
    }
    Status {
        path: (!path.is_empty()).then_some(path),
        public: keys.flag("public", false),
    }
}

fn log(keys: &mut Section<'_, '_>) -> Log {
    let level = keys.choice("level", LevelFilter::Info);
    let file = keys.file("file", What::Written);
    let access = keys.file("access", What::Written);
    if file.is_some() && file == access {
        let message = "`access` is a file of its own: write another name than that of `file`";
        keys.problem(keys.at("access"), message.to_owned());
    }
    Log {
        level,
        file,
        access,
        access_format: keys.choice("access_format", AccessFormat::Combined),
        rotate_bytes: some(keys.count("rotate_mb", 0..=MEMORY_MB_MAX, 0))
            .map(|mb| mb.saturating_mul(MIB as u64)),
        keep: keys.count("keep", 1..=LOGS_KEPT_MAX, 5),
    }
}
