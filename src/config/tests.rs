//! The room as a whole: the file that ships, and files with mistakes.

use super::*;

const SHIPPED: &str = include_str!("../../conf/pelton.toml");

#[test]
fn the_shipped_file_says_the_defaults() {
    assert_eq!(parse(SHIPPED), Ok(Config::default()));
    assert_eq!(parse(""), Ok(Config::default()));
}

/// The shipped file with the examples that are comments in it: of lines that
/// begin with `#: ` the rest.
fn with_examples() -> String {
    let line = |line: &str| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n";
    SHIPPED.lines().map(line).collect()
}

#[test]
fn the_shipped_file_mentions_every_key() {
    let unmentioned =
        |text: &str| reader::unmentioned(text, |top: &mut _| keys::config(top, &FRAMINGS));
    assert_eq!(unmentioned(&with_examples()), Vec::<String>::new());
    let config = parse(&with_examples()).expect("good examples");
    assert!(config.sites.len() > 1 && config.sites[0].cors.is_some());
    let cut = with_examples()
        .replace("queue_len", "# queue_len")
        .replace("defer_accept = true", "");
    assert_eq!(unmentioned(&cut), ["defer_accept", "queue_len"]);
}

/// Every problem of `text`, and no other: line, column, part of the message.
#[track_caller]
fn check(text: &str, expected: &[(usize, usize, &str)]) {
    let problems = parse(text).err().unwrap_or_default();
    let told: Vec<String> = problems
        .iter()
        .map(|problem| format!("{}:{}: {problem}", problem.line, problem.column))
        .collect();
    let told = told.join("\n");
    assert_eq!(problems.len(), expected.len(), "{text}\n--\n{told}");
    for (problem, (line, column, part)) in problems.iter().zip(expected) {
        assert_eq!(
            (problem.line, problem.column),
            (*line, *column),
            "{text}\n--\n{told}"
        );
        assert!(problem.message.contains(part), "no {part:?} in\n{told}");
        assert!(!problem.message.contains('\n'), "{told}");
    }
}

#[test]
fn values_that_are_in_range_are_taken() {
    check("workers = 256", &[]);
    check("trusted_proxies = [\"::1\", \"10.0.0.0/8\"]", &[]);
    check("[log]\naccess = \"a\"\naccess_format = \"json\"", &[]);
    check("[accounts]\nhash_kib = 8\nhash_passes = 1", &[]);
    check("workers = 0x10 # sixteen", &[]);
    check("\u{feff}mode = 'proactor'\r\n[cache]\r\nfiles = 0\r\n", &[]);
    check("limits = { body_bytes = 0 }\ncache.files = 1_000", &[]);
    check(
        "listen = [{ addr = \"[::1]:0\" }, { addr = \"[::1]:0\" }]",
        &[],
    );
    check(
        "[[listen]]\naddr = \":80\"\nprotocol = \"auto\"\ndefer_accept = false",
        &[],
    );
    let off = parse("[timeouts]\nframe_heartbeat_s = 0\nhttp_idle_s = 0").expect("0 = off");
    assert_eq!(
        (off.timeouts.frame_silence, off.timeouts.http_idle),
        (None, None)
    );
    let on = parse("[timeouts]\nframe_heartbeat_s = 1")
        .expect("in range")
        .timeouts;
    assert_eq!(on.frame_silence.map(|span| span.0), Some(13_000));
}

#[test]
fn a_framing_is_known_and_has_a_port_of_its_own() {
    let listen = |protocol: &str, framing: &str| {
        format!("[[listen]]\naddr = \"1\"\nprotocol = \"{protocol}\"\nframing = \"{framing}\"")
    };
    check(&listen("frame", "head16"), &[]);
    check(&listen("http", "head8"), &[]);
    for protocol in ["http", "auto"] {
        let part = "`framing` = \"head16\" cannot be told from HTTP: write protocol = \"frame\"";
        check(&listen(protocol, "head16"), &[(4, 11, part)]);
    }
    let part = "`framing` must be \"head8\" or \"head16\", not `\"line\"`";
    check(&listen("frame", "line"), &[(4, 11, part)]);
    let with = parse_with(&listen("frame", "line"), &["line"]).expect("it is named");
    assert_eq!(with.listen[0].framing, "line");
    let told = parse_with(&listen("auto", "line"), &["line"]).expect_err("on its own");
    assert!(told[0].message.contains("\"line\" cannot be told"));
}

#[test]
fn values_of_the_wrong_kind() {
    check(
        "mode = 1",
        &[(1, 8, "\"reactor\" or \"proactor\", not `1`")],
    );
    check("mode = \"reacter\"", &[(1, 8, "not `\"reacter\"`")]);
    check(
        "workers = \"4\"",
        &[(1, 11, "a whole number from 0 to 256, not `\"4\"`")],
    );
    check("workers = 257", &[(1, 11, "from 0 to 256, not `257`")]);
    check("workers = -1", &[(1, 11, "not `-1`")]);
    check("workers = 1.5", &[(1, 11, "not `1.5`")]);
    check(
        "workers = 99999999999999999999999",
        &[(1, 11, "from 0 to 256")],
    );
    check(
        "[limits]\nhead_bytes = 65536",
        &[(2, 14, "from 256 to 65535")],
    );
    check("[proactor]\nqueue_len = 0", &[(2, 13, "from 1 to 65536")]);
    check("[accounts]\nhash_kib = 7", &[(2, 12, "from 8 to 1048576")]);
    check(
        "[accounts]\nhash_kib = 8\nhash_lanes = 2",
        &[(3, 14, "write at least 16 for `hash_kib`")],
    );
    check(
        "[timeouts]\nprogress_s = 1979-05-27",
        &[(2, 14, "not `1979-05-27`")],
    );
    check(
        "[log]\nlevel = \"loud\"\nfile = 1",
        &[(2, 9, "\"trace\""), (3, 8, "in quotes")],
    );
    check(
        "[[listen]]\naddr = \"1\"\ndefer_accept = \"yes\"",
        &[(3, 16, "true or false")],
    );
    check("[[site]]\nhosts = \"*\"", &[(2, 9, "a list of strings")]);
    check("mode = [\n  \"reactor\",\n]", &[(1, 8, "not `[...`")]);
}

#[test]
fn names_that_nobody_knows() {
    check(
        "worker = 4",
        &[(1, 1, "unknown key `worker`: did you mean `workers`?")],
    );
    check(
        "[cahce]\nfiles = \"x\"",
        &[(1, 2, "unknown section `cahce`: did you mean `cache`?")],
    );
    check("\"a\\nb\" = 1", &[(1, 1, "unknown key `a b`")]);
    check("[cache]\nsky = 1", &[(2, 1, "known here: files, total_mb")]);
    check(
        "[[site]]\nworkers = 4",
        &[(2, 1, "it belongs at the top of the file")],
    );
    check(
        "[limits]\nhttp_idle_s = 8",
        &[(2, 1, "it belongs in the section `timeouts`")],
    );
    check(
        "[bananas]\nfile = \"\"",
        &[(
            1,
            2,
            "known here: mode, workers, trusted_proxies, [[listen]], [[site]]",
        )],
    );
    check("  \"größe\" = 1", &[(1, 3, "unknown key `größe`")]);
    check(
        "cache = { fils = 1, total = 2 }",
        &[(1, 11, "`files`"), (1, 21, "known here")],
    );
}

#[test]
fn sections_of_the_wrong_shape() {
    check("cache = 5", &[(1, 9, "write [cache]")]);
    check(
        "[[cache]]\nfiles = \"x\"",
        &[(1, 1, "write [cache]"), (2, 9, "whole number")],
    );
    check("[listen]\naddr = \"1\"", &[(1, 1, "write [[listen]]")]);
    check("listen = []", &[(1, 10, "write [[listen]]")]);
    check("listen = [1]", &[(1, 10, "write [[listen]]")]);
    check(
        "[mode]",
        &[(1, 1, "must be \"reactor\" or \"proactor\", not `[mode]`")],
    );
    check(
        "[cache]\nfiles = 1\n[log]\n[cache]\nfiles = 2",
        &[(4, 2, "section `cache` is given twice")],
    );
    check(
        "[listen]\naddr = \"1\"\n[listen]\naddr = \"2\"",
        &[(3, 1, "write [[listen]]")],
    );
}

#[test]
fn listeners_and_sites_that_cannot_be() {
    check(
        "[[listen]]\nprotocol = \"http\"",
        &[(1, 1, "write addr = \"127.0.0.1:8080\"")],
    );
    check(
        "[[listen]]\naddr = \"example.com:80\"",
        &[(2, 8, "no IP address")],
    );
    check("[[listen]]\naddr = 8080", &[(2, 8, "a string, such as")]);
    check(
        "[[listen]]\naddr = \"80\"\n[[listen]]\naddr = \"localhost:80\"",
        &[(4, 8, "127.0.0.1:80 is listened on already")],
    );
    check(
        "[[listen]]\naddr = \"unix:a\"\n[[listen]]\naddr = \"unix:a\"",
        &[(4, 8, "unix:a is listened on already: write another path")],
    );
    check(
        "[[listen]]\naddr = \"unix:a\"\nmode = \"rw\"\ndefer_accept = true",
        &[
            (3, 8, "are no permissions of a file"),
            (4, 16, "`defer_accept` is not for unix sockets"),
        ],
    );
    for without_file in ["80", "unix:@a"] {
        check(
            &format!("[[listen]]\naddr = \"{without_file}\"\nmode = \"0660\""),
            &[(3, 8, "`mode` is for the file of a unix socket: remove it")],
        );
    }
    check(
        "[[listen]]\naddr = \"80\"\nprotocol = \"frame\"\ndefer_accept = true",
        &[(4, 16, "write false")],
    );
    check(
        "[[site]]\n[[site]]",
        &[(2, 1, "one site is for all other hosts already")],
    );
    check("[[site]]\nhosts = [\"a.org\"]\n[[site]]", &[]);
    check(
        "[[site]]\nhosts = [\"a.org\", \"*\"]\n[[site]]\nhosts = [\"*.a.org\", \"A.org.\"]",
        &[(4, 21, "`a.org` has a site already")],
    );
    check("[[site]]\nhosts = []", &[(2, 9, "not `[]`")]);
    check("[[site]]\nroot = \"\"", &[(2, 8, "must name a folder")]);
    check(
        "[limits]\nbuffer_mb = 1",
        &[(2, 13, "needs 6 MB of buffers")],
    );
    check(
        "[limits]\nbuffer_mb = 4\nbody_bytes = 6291456",
        &[(2, 13, "needs 13 MB of buffers")],
    );
}

#[test]
fn a_site_has_a_bounded_number_of_rules() {
    let rule = |number| format!("[[site.redirect]]\nfrom = \"/a/{number}\"\nto = \"/b\"\n");
    let rules = |count| format!("[[site]]\n{}", (0..count).map(rule).collect::<String>());
    check(&rules(2_000), &[]);
    let one_more = "a site has at most 2000 [[site.redirect]]";
    check(&rules(2_001), &[(1, 1, one_more)]);
}

#[test]
fn redirects_that_never_arrive() {
    let redirects = |pairs: &[(&str, &str)]| {
        let one = |(from, to): &(&str, &str)| {
            format!("[[site.redirect]]\nfrom = \"{from}\"\nto = \"{to}\"\n")
        };
        let all: String = pairs.iter().map(one).collect();
        format!("[[site]]\n{all}")
    };
    let told = "leads to itself in the end";
    check(&redirects(&[("/a", "/a")]), &[(4, 6, told)]);
    check(&redirects(&[("/**", "/new/{1}")]), &[(4, 6, told)]);
    // Each circle once, and not those who join it.
    let circle = [("/a", "/b"), ("/b", "/a?x"), ("/c", "/b"), ("/d", "/d#x")];
    check(&redirects(&circle), &[(4, 6, told), (13, 6, told)]);
    check(
        &redirects(&[("/a", "/b"), ("/b", "/c"), ("/c/**", "/a")]),
        &[],
    );
    check(&redirects(&[("/**", "https://a.example/{1}")]), &[]);
    // The second one is never asked.
    check(
        &redirects(&[("/**", "https://a.example/"), ("/a", "/a")]),
        &[(6, 8, "`/a` is redirected in line 3 already, by `/**`")],
    );
}

#[test]
fn text_that_is_no_toml() {
    check(
        "workers 4\nmode = 1",
        &[(1, 1, "write key = value"), (2, 8, "must be")],
    );
    check("workers: 4", &[(1, 1, "write key = value")]);
    check(
        "workers =\nmode = 1",
        &[(1, 10, "the value is missing"), (2, 8, "must be")],
    );
    check("workers = # none", &[(1, 11, "the value is missing")]);
    check(
        "mode = reactor # mine",
        &[(1, 8, "a string needs quotes: \"reactor\"")],
    );
    check(
        "[[listen]]\naddr = 127.0.0.1:80",
        &[(2, 8, "quotes: \"127.0.0.1:80\"")],
    );
    check(
        "[[listen]]\ndefer_accept = True\naddr = \"1\"",
        &[(2, 16, "neither a number nor true")],
    );
    check("workers = 1,000", &[(1, 11, "neither a number")]);
    check(
        "mode = \"reactor\nworkers = 999",
        &[(1, 16, "write \" at its end"), (2, 11, "256")],
    );
    check(
        "mode = \"reactor\" now",
        &[(1, 18, "nothing but a comment")],
    );
    check(
        "workers = 1\nmode = 1\nworkers = 2",
        &[(2, 8, "must be"), (3, 1, "given twice")],
    );
    check("= 1", &[(1, 1, "keys cannot be empty")]);
    check(
        "cache = 1\n[cache.x]\ny = 1",
        &[(1, 9, "write [cache]"), (2, 1, "cannot extend")],
    );
}

#[test]
fn headers_and_values_that_are_not_closed() {
    check(
        "[cache\nfiles = \"x\"",
        &[(1, 1, "write [cache]"), (2, 9, "whole number")],
    );
    check(
        "[[listen]\naddr = \"x\"",
        &[(1, 1, "write [[listen]]"), (2, 8, "has no port")],
    );
    check(
        "[my cache]\nfiles = 1\n[log]\nlevel = 1",
        &[(1, 1, "write [name]"), (4, 9, "must be")],
    );
    check(
        "[[site]]\nhosts = [\"*\"\nroot = \"\"",
        &[(2, 9, "write `]`"), (3, 8, "folder")],
    );
    check("[[site]]\nhosts = [\"*\",", &[(2, 9, "write `]`")]);
    check(
        "[[site]]\nhosts = [\n  \"*\",\n  x,\n]\nroot = 1",
        &[(4, 3, "needs quotes"), (6, 8, "a string")],
    );
    check(
        "[log]\nfile = \"\"\"a\nlevel = 1\n",
        &[(2, 8, "write `\"\"\"`"), (3, 9, "must be")],
    );
}

#[test]
fn five_mistakes_give_five_lines() {
    let text = "\
mode = reactor
workers = 9999

[[listen]]
adr = \"127.0.0.1:8080\"
addr = \"127.0.0.1\"

[timeuots]
http_idle_s = 8
";
    check(
        text,
        &[
            (1, 8, "a string needs quotes"),
            (2, 11, "from 0 to 256"),
            (5, 1, "did you mean `addr`?"),
            (6, 8, "write \"127.0.0.1:8080\""),
            (8, 2, "did you mean `timeouts`?"),
        ],
    );
}

#[test]
fn no_cut_and_no_stray_byte_makes_it_panic() {
    let strays = ["[", "\"", "=", "\n", "{", "'''", "\u{e9}", "\u{0}"];
    for (at, stray) in (0..=SHIPPED.len()).step_by(3).zip(strays.iter().cycle()) {
        let Some((front, rest)) = SHIPPED.split_at_checked(at) else {
            continue;
        };
        if let Ok(config) = parse(front) {
            assert!(!config.listen.is_empty() && config.sites.len() == 1);
        }
        let _ = parse(&format!("{front}{stray}{rest}"));
    }
}

#[test]
fn a_file_that_is_no_toml_at_all_is_given_up() {
    let problems = parse(&"?\n".repeat(10_000)).expect_err("no TOML");
    assert_eq!(problems.len(), 50);
    assert!(problems[49].message.contains("too many mistakes"));
}

#[test]
fn proxies_and_the_access_log() {
    check(
        "trusted_proxies = [\"10.0.0.0/8\", \"localhost\"]",
        &[(1, 34, "no address and no network")],
    );
    check("trusted_proxies = \"::1\"", &[(1, 19, "must be a list")]);
    check(
        "[log]\naccess_format = \"jason\"",
        &[(2, 17, "\"combined\", \"common\" or \"json\"")],
    );
    check(
        "[log]\nfile = \"a\"\naccess = \"a\"",
        &[(3, 10, "a file of its own")],
    );
}
