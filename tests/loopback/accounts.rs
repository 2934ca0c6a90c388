//! Accounts over loopback, in both modes: packages and HTTP.

use crate::support::program::{Program, config_text, run};
use crate::support::{
    Answer, Folder, Rig, both, connect, get, package, read_answer, read_package, read_to_end,
    request,
};
use pelton::accounts::{
    Account, Accounts, Digest, NewAccount, NewSession, SqliteStore, Store, StoreError, User,
};
use pelton::config::{Config, Mode};
use pelton::engine::Count;
use pelton::http::Status;
use pelton::service::{Response, Router, StaticSite};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

const PASSWORD: &str = "correct horse";
const OTHER: &str = "wrong horse battery";

const REGISTER: u16 = 5;
const LOGIN: u16 = 6;

/// What the protocol calls them.
const DONE: u32 = 0;
const TAKEN: u32 = 1;
const UNACCEPTABLE: u32 = 2;
const WRONG: u32 = 3;
const TOO_MANY: u32 = 4;

// --- a server with accounts, and clients ----------------------------------

/// A server whose accounts are in a folder of their own, with cheap hashes.
struct Home {
    rig: Rig,
    accounts: Accounts,
    folder: Folder,
}

impl Home {
    fn new(mode: Mode) -> Home {
        Home::with(mode, Folder::new(), |_| {})
    }

    fn with(mode: Mode, folder: Folder, adjust: impl FnOnce(&mut Config)) -> Home {
        let mut config = Config::default();
        config.accounts.file = Some(folder.path().join("accounts.db"));
        config.accounts.tries_per_minute = 0;
        config.accounts.hash_kib = 8;
        config.accounts.hash_passes = 1;
        adjust(&mut config);
        let accounts = Accounts::open(&config.accounts).expect("opened");
        let router = Router::new()
            .merge(accounts.router())
            .merge(guarded(&accounts))
            .site(StaticSite::new(0));
        Home {
            rig: Rig::with_router(mode, |_| {}, router),
            accounts,
            folder,
        }
    }

    /// Stops it and starts it anew on the same file.
    fn restart(self, mode: Mode) -> Home {
        let Home {
            rig,
            accounts,
            folder,
        } = self;
        rig.stop();
        drop(accounts);
        Home::with(mode, folder, |_| {})
    }

    fn post(&self, path: &str, fields: &str, body: &str) -> Answer {
        post(self.rig.http, path, fields, body)
    }

    fn json(&self, path: &str, name: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "name": name, "password": password });
        self.post(path, JSON, &body.to_string())
    }

    /// Registers over HTTP, which succeeds.
    fn register(&self, name: &str) -> u32 {
        let answer = self.json("/api/register", name, PASSWORD);
        assert_eq!(answer.status, 201, "{name}: {answer:?}");
        numbers(&answer).1
    }

    /// Logs in over HTTP, which succeeds; returns the cookie.
    fn login(&self, name: &str) -> String {
        let answer = self.json("/api/login", name, PASSWORD);
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        cookie(&answer)
    }

    /// Who is logged in with this cookie: status and name.
    fn me(&self, cookie: &str) -> (u16, String) {
        let answer = get(self.rig.http, "/api/me", &format!("Cookie: {cookie}\r\n"));
        let body: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        let name = body["name"].as_str().unwrap_or("").to_owned();
        (answer.status, name)
    }

    fn call(&self, code: u16, body: &[u8]) -> (u32, u32) {
        call(&mut connect(self.rig.frame), code, body)
    }
}

/// A page for those who are logged in, by a layer.
fn guarded(accounts: &Accounts) -> Router {
    let accounts = accounts.clone();
    Router::default()
        .http("GET", "/mine", |_, context| {
            let user = context.state.take::<User>();
            user.map(|user| format!("{} {} {}", user.number, user.kind, user.name))
        })
        .layer_http(move |request, context, next| {
            match accounts.user(request, context)? {
                Some(user) => context.state.set(user),
                None => return Err(Response::from(Status::UNAUTHORIZED)),
            }
            Ok(next.run(request, context))
        })
        .blocking()
}

const JSON: &str = "Content-Type: application/json\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

fn post(addr: SocketAddr, path: &str, fields: &str, body: &str) -> Answer {
    let mut stream = connect(addr);
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\n{fields}Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).expect("sent");
    read_answer(&mut stream, false)
}

/// Result and user of an answer in JSON.
fn numbers(answer: &Answer) -> (u32, u32) {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    let number = |key: &str| {
        let number = body[key].as_u64().expect("a number");
        u32::try_from(number).expect("32 bits")
    };
    (number("result"), number("user"))
}

/// Name and value of the cookie that an answer sets.
fn cookie(answer: &Answer) -> String {
    let line = answer.field("set-cookie").expect("a cookie");
    let (pair, _) = line.split_once(';').expect("attributes");
    pair.to_owned()
}

/// Name and password as a package has them.
fn fields(name: &str, password: &str) -> Vec<u8> {
    let mut body = name.as_bytes().to_vec();
    body.resize(56, 0);
    body.extend_from_slice(password.as_bytes());
    body.resize(96, 0);
    body
}

fn register_body(name: &str, password: &str) -> Vec<u8> {
    [&7_u32.to_be_bytes()[..], &fields(name, password)].concat()
}

/// Result and user.
fn call(stream: &mut TcpStream, code: u16, body: &[u8]) -> (u32, u32) {
    stream.write_all(&package(code, body)).expect("sent");
    let (answered, body) = read_package(stream);
    assert_eq!((answered, body.len()), (code, 8));
    let number = |at: usize| u32::from_be_bytes(body[at..at + 4].try_into().expect("four"));
    (number(0), number(4))
}

// --- what is asked for -----------------------------------------------------

#[test]
fn both_protocols_know_the_same_accounts() {
    both(|mode| {
        let home = Home::new(mode);
        assert_eq!(home.register("ada"), 1);
        let bob = home.call(REGISTER, &register_body("bob", PASSWORD));
        assert_eq!(bob, (DONE, 2));
        assert_eq!(home.call(LOGIN, &fields("ada", PASSWORD)), (DONE, 1));
        let answer = home.json("/api/login", "bob", PASSWORD);
        assert_eq!((answer.status, numbers(&answer)), (200, (DONE, 2)));
        assert_eq!(home.me(&cookie(&answer)), (200, "bob".to_owned()));
        let mine = format!("Cookie: {}\r\n", cookie(&answer));
        assert_eq!(get(home.rig.http, "/mine", &mine).body, b"2 7 bob");
        assert_eq!(get(home.rig.http, "/mine", "").status, 401);

        let taken = home.call(REGISTER, &register_body("ada", OTHER));
        assert_eq!(taken, (TAKEN, 0));
        let answer = home.json("/api/register", "bob", OTHER);
        assert_eq!((answer.status, numbers(&answer)), (409, (TAKEN, 0)));
    });
}

#[test]
fn a_wrong_name_and_a_wrong_password_are_one_answer() {
    both(|mode| {
        let home = Home::new(mode);
        home.register("ada");
        let before = home.accounts.dummy_hashes();
        for (name, password) in [("ada", OTHER), ("eve", PASSWORD), ("a\nb", PASSWORD)] {
            let answer = home.json("/api/login", name, password);
            assert_eq!((answer.status, numbers(&answer)), (401, (WRONG, 0)));
            assert!(answer.field("www-authenticate").is_some());
            assert_eq!(answer.field("set-cookie"), None);
            assert_eq!(home.call(LOGIN, &fields(name, password)), (WRONG, 0));
        }
        // A dummy ran for each name that nobody has.
        assert_eq!(home.accounts.dummy_hashes() - before, 4);
    });
}

#[test]
fn what_no_account_can_have_is_told() {
    both(|mode| {
        let home = Home::new(mode);
        let long = "n".repeat(57);
        for (name, password) in [
            ("", PASSWORD),
            (" ada", PASSWORD),
            ("a\u{7}", PASSWORD),
            ("ada\u{202e}", PASSWORD),
            (&long, PASSWORD),
            ("ada", "seven77"),
            ("ada", &"p".repeat(41)),
        ] {
            let answer = home.json("/api/register", name, password);
            assert_eq!(
                (answer.status, numbers(&answer)),
                (422, (UNACCEPTABLE, 0)),
                "{name:?}"
            );
            if name.len() <= 56 && password.len() <= 40 {
                let result = home.call(REGISTER, &register_body(name, password));
                assert_eq!(result, (UNACCEPTABLE, 0), "{name:?}");
            }
        }
        assert_eq!(home.register(&"n".repeat(56)), 1, "nothing was kept");
        let full = home.call(REGISTER, &register_body("bob", &"p".repeat(40)));
        assert_eq!(full, (DONE, 2));
    });
}

#[test]
fn names_are_one_after_normalisation() {
    both(|mode| {
        let home = Home::new(mode);
        assert_eq!(home.register("Zoe\u{308}"), 1);
        let answer = home.json("/api/register", "Zo\u{eb}", PASSWORD);
        assert_eq!(answer.status, 409);
        let result = home.call(REGISTER, &register_body("Zoe\u{308}", PASSWORD));
        assert_eq!(result, (TAKEN, 0));
        for name in ["Zoe\u{308}", "Zo\u{eb}"] {
            assert_eq!(home.call(LOGIN, &fields(name, PASSWORD)), (DONE, 1));
        }
        assert_eq!(home.register("zo\u{eb}"), 2, "case counts");
    });
}

#[test]
fn a_form_is_answered_with_the_page() {
    both(|mode| {
        let home = Home::new(mode);
        let form = "name=Ada+L.&password=correct+horse";
        for (path, body, part) in [
            ("/api/register", form, "registered"),
            ("/api/register", form, "taken"),
            ("/api/register", "name=a%00&password=", "unacceptable"),
            ("/api/login", "name=Ada+L.&password=wrong", "wrong"),
            ("/api/login", form, "logged-in"),
            ("/api/logout", "", "logged-out"),
        ] {
            let answer = home.post(path, FORM, body);
            assert_eq!(answer.status, 303, "{path} {body}: {answer:?}");
            let expected = format!("/account/#{part}");
            assert_eq!(answer.field("location"), Some(&*expected));
            assert_eq!(answer.field("cache-control"), Some("no-store"));
            if part == "logged-in" {
                assert_eq!(home.me(&cookie(&answer)), (200, "Ada L.".to_owned()));
            }
        }
    });
}

// --- sessions ----------------------------------------------------------

#[test]
fn a_cookie_is_out_of_reach_and_random() {
    both(|mode| {
        let home = Home::new(mode);
        home.register("ada");
        let answer = home.json("/api/login", "ada", PASSWORD);
        let line = answer.field("set-cookie").expect("a cookie");
        let parts: Vec<&str> = line.split("; ").collect();
        let rest = ["Max-Age=2592000", "Path=/", "HttpOnly", "SameSite=Lax"];
        assert_eq!(parts[1..], rest);
        let token = parts[0].strip_prefix("pelton_session=").expect("its name");
        assert_eq!(token.len(), 64, "256 bits in hexadecimal digits");
        assert_ne!(home.login("ada"), parts[0], "each login has its own");
        // Whoever has the file has no cookie.
        for name in ["accounts.db", "accounts.db-wal"] {
            let bytes = std::fs::read(home.folder.path().join(name)).expect("it is there");
            let mut windows = bytes.windows(token.len());
            assert!(!windows.any(|window| window == token.as_bytes()), "{name}");
            let raw: Vec<u8> = (0..32)
                .map(|at| u8::from_str_radix(&token[2 * at..2 * at + 2], 16).expect("hex"))
                .collect();
            assert!(!bytes.windows(32).any(|window| window == raw), "{name}");
            let password = PASSWORD.as_bytes();
            assert!(
                !bytes
                    .windows(password.len())
                    .any(|window| window == password)
            );
        }
    });
}

#[test]
fn a_cookie_replayed_after_logout_is_worth_nothing() {
    both(|mode| {
        let home = Home::new(mode);
        home.register("ada");
        let (one, other) = (home.login("ada"), home.login("ada"));
        assert_eq!(home.me(&one).0, 200);
        let answer = home.post("/api/logout", &format!("Cookie: {one}\r\n"), "");
        assert_eq!((answer.status, numbers(&answer)), (200, (DONE, 0)));
        let cleared = answer.field("set-cookie").expect("a cookie");
        assert!(cleared.starts_with("pelton_session=; Max-Age=0;"));
        assert_eq!(home.me(&one).0, 401);
        let fields = format!("Cookie: {one}\r\n");
        assert_eq!(get(home.rig.http, "/mine", &fields).status, 401);
        assert_eq!(home.me(&other).0, 200, "the other login stands");
        let again = home.post("/api/logout", &fields, "");
        assert_eq!(again.status, 200, "there is nothing left to end");
    });
}

#[test]
fn a_login_gives_no_token_that_a_client_has_chosen() {
    both(|mode| {
        let home = Home::new(mode);
        home.register("ada");
        let planted = format!("pelton_session={}", "0a".repeat(32));
        let old = home.login("ada");
        let body = format!("{{\"name\":\"ada\",\"password\":\"{PASSWORD}\"}}");
        for had in [&planted, &old] {
            let fields = format!("{JSON}Cookie: {had}\r\n");
            let answer = home.post("/api/login", &fields, &body);
            assert_eq!(answer.status, 200);
            assert_ne!(&cookie(&answer), had);
            assert_eq!(home.me(&cookie(&answer)).0, 200);
            assert_eq!(home.me(had).0, 401, "what was there is over");
        }
    });
}

#[test]
fn forged_cookies_are_nobodys() {
    both(|mode| {
        let home = Home::new(mode);
        home.register("ada");
        let good = home.login("ada");
        let token = good.strip_prefix("pelton_session=").expect("its name");
        let flipped = if token.starts_with('0') { "1" } else { "0" };
        for forged in [
            String::new(),
            "pelton_session=".to_owned(),
            "pelton_session=1".to_owned(),
            "pelton_session=' OR '1'='1".to_owned(),
            format!("pelton_session={}", "0".repeat(64)),
            format!("pelton_session={flipped}{}", &token[1..]),
            format!("pelton_session={}", &token[..63]),
            format!("pelton_session={token}0"),
            format!("pelton_session={}0", token.to_uppercase()),
            format!("pelton_session=\"{token}\""),
            format!("Pelton_Session={token}"),
            format!("{good}; pelton_session={}", "0".repeat(64)),
        ] {
            assert_eq!(home.me(&forged).0, 401, "{forged}");
        }
        assert_eq!(home.me(&format!("a=b; {good}; c")).0, 200);
    });
}

#[test]
fn a_session_has_its_time() {
    both(|mode| {
        let home = Home::new(mode);
        home.register("ada");
        let cookie = home.login("ada");
        // The clock cannot be moved; the session's end can.
        let file = home.folder.path().join("accounts.db");
        let store = rusqlite::Connection::open(file).expect("opened");
        let sql = "UPDATE sessions SET expires_s = unixepoch() + ?1";
        store.execute(sql, [100]).expect("written");
        assert_eq!(home.me(&cookie).0, 200);
        store.execute(sql, [-1]).expect("written");
        assert_eq!(home.me(&cookie).0, 401);
        let count = "SELECT count(*) FROM sessions";
        let rows = || store.query_row(count, [], |row| row.get::<_, u32>(0));
        assert_eq!(rows(), Ok(1));
        home.login("ada");
        assert_eq!(rows(), Ok(1), "the next one has swept it out");
    });
}

#[test]
fn a_restart_forgets_neither_accounts_nor_sessions() {
    both(|mode| {
        let home = Home::new(mode);
        assert_eq!(home.register("ada"), 1);
        let cookie = home.login("ada");
        let home = home.restart(mode);
        assert_eq!(home.me(&cookie), (200, "ada".to_owned()));
        assert_eq!(home.call(LOGIN, &fields("ada", PASSWORD)), (DONE, 1));
        assert_eq!(home.json("/api/register", "ada", PASSWORD).status, 409);
        assert_eq!(home.register("bob"), 2);
    });
}

#[test]
fn a_changed_cost_holds_from_the_next_login_on() {
    both(|mode| {
        let home = Home::new(mode);
        home.register("ada");
        let file = home.folder.path().join("accounts.db");
        let cost = || {
            let store = rusqlite::Connection::open(&file).expect("opened");
            let row = store.query_row("SELECT hash FROM users", [], |row| row.get(0));
            let hash: String = row.expect("a row");
            hash.split('$').nth(3).expect("its cost").to_owned()
        };
        assert_eq!(cost(), "m=8,t=1,p=1");
        let Home { rig, folder, .. } = home;
        rig.stop();
        let home = Home::with(mode, folder, |config| config.accounts.hash_kib = 16);
        assert_eq!(home.json("/api/login", "ada", OTHER).status, 401);
        assert_eq!(cost(), "m=8,t=1,p=1", "a wrong password changes nothing");
        home.login("ada");
        assert_eq!(cost(), "m=16,t=1,p=1");
        home.login("ada");
    });
}

// --- what is wrong or meant badly ------------------------------------------

#[test]
fn what_is_sent_is_never_a_statement_or_a_line_of_a_head() {
    both(|mode| {
        let home = Home::new(mode);
        let names = [
            "'; DROP TABLE users; --",
            "\" OR \"\"=\"",
            "ada' UNION SELECT 1,2,3,4 --",
            "%",
            "_",
            "<script>alert(1)</script>",
            "\u{2019} OR 1=1",
        ];
        for (number, name) in (1..).zip(names) {
            assert_eq!(home.register(name), number, "{name}");
            let cookie = home.login(name);
            assert_eq!(home.me(&cookie), (200, name.to_owned()));
        }
        for name in ["' OR '1'='1", "a%", "ada"] {
            assert_eq!(home.json("/api/login", name, PASSWORD).status, 401);
        }
        let line = "a\r\nSet-Cookie: pelton_session=b";
        for path in ["/api/register", "/api/login"] {
            let answer = home.json(path, line, PASSWORD);
            assert!(!answer.head.to_lowercase().contains("set-cookie"));
            let form = "name=a%0d%0aX-Mine:%20b&password=%0d%0aX-Mine:%20b";
            let answer = home.post(path, FORM, form);
            assert!(!answer.head.contains("X-Mine"), "{}", answer.head);
        }
        let me = get(
            home.rig.http,
            "/api/me",
            &format!("Cookie: {}\r\n", home.login(names[5])),
        );
        assert_eq!(me.field("content-type"), Some("application/json"));
        assert_eq!(me.field("x-content-type-options"), Some("nosniff"));
    });
}

#[test]
fn bodies_that_are_no_credentials_are_refused() {
    both(|mode| {
        let home = Home::new(mode);
        for path in ["/api/register", "/api/login"] {
            for (fields, body, status) in [
                (JSON, "{", 400),
                (JSON, "{\"name\":1,\"password\":true}", 400),
                (JSON, "{\"name\":\"a\"}", 400),
                (JSON, "[[[[[[[[", 400),
                (FORM, "name=a", 400),
                (FORM, "name=%zz&password=b", 400),
                ("Content-Type: text/plain\r\n", "{}", 415),
                ("", "{}", 415),
                ("Content-Type: multipart/form-data\r\n", "{}", 415),
            ] {
                let answer = home.post(path, fields, body);
                assert_eq!(answer.status, status, "{path} {fields}{body}");
                let text = String::from_utf8(answer.body).expect("UTF-8");
                assert_eq!(text.lines().count(), 1, "one line: {text}");
            }
            let long = format!("{{\"name\":\"{}\"}}", "n".repeat(5_000));
            assert_eq!(home.post(path, JSON, &long).status, 413);
            let answer = request(home.rig.http, "GET", path, "");
            assert_eq!(
                (answer.status, answer.field("allow")),
                (405, Some("POST, OPTIONS"))
            );
            // Longer than the server itself takes.
            let mut stream = connect(home.rig.http);
            let head =
                format!("POST {path} HTTP/1.1\r\nHost: a\r\n{JSON}Content-Length: 2000000\r\n\r\n");
            stream.write_all(head.as_bytes()).expect("sent");
            assert_eq!(read_answer(&mut stream, false).status, 413);
        }
        let secret = home.post("/api/login", JSON, "{\"name\":\"a\",\"password\":12345678}");
        assert!(!String::from_utf8_lossy(&secret.body).contains("12345678"));
    });
}

#[test]
fn packages_of_a_wrong_size_or_not_utf_8_are_bad() {
    both(|mode| {
        let home = Home::new(mode);
        let whole = register_body("ada", PASSWORD);
        let mut odd = fields("ada", PASSWORD);
        odd[55] = 0xff;
        for (code, body) in [
            (REGISTER, &whole[..99]),
            (REGISTER, &[&whole[..], b"\0"].concat()),
            (REGISTER, b""),
            (LOGIN, &whole),
            (LOGIN, &odd),
        ] {
            let mut stream = connect(home.rig.frame);
            let before = home.rig.count(Count::BadPackages);
            stream.write_all(&package(code, body)).expect("sent");
            // It is dropped, and the connection stays.
            let result = call(&mut stream, LOGIN, &fields("ada", PASSWORD));
            assert_eq!(result, (WRONG, 0));
            assert_eq!(home.rig.count(Count::BadPackages), before + 1);
        }
        let mut stream = connect(home.rig.frame);
        let three = package(LOGIN, b"x").repeat(3);
        stream.write_all(&three).expect("sent");
        assert_eq!(read_to_end(&mut stream), b"", "the third closes it");
    });
}

#[test]
fn other_sites_cannot_post_here() {
    both(|mode| {
        let home = Home::new(mode);
        home.register("ada");
        let form = "name=ada&password=correct+horse";
        for (more, status) in [
            ("Sec-Fetch-Site: cross-site\r\n", 403),
            ("Sec-Fetch-Site: same-site\r\n", 403),
            ("Origin: http://evil.org\r\n", 403),
            ("Origin: null\r\n", 403),
            ("Sec-Fetch-Site: same-origin\r\nOrigin: http://a\r\n", 303),
            ("Origin: http://a\r\n", 303),
            ("", 303),
        ] {
            let answer = home.post("/api/login", &format!("{FORM}{more}"), form);
            assert_eq!(answer.status, status, "{more}");
            assert_eq!(answer.field("set-cookie").is_some(), status == 303);
        }
        let cookie = home.login("ada");
        let foreign = format!("{FORM}Cookie: {cookie}\r\nOrigin: http://evil.org\r\n");
        assert_eq!(home.post("/api/logout", &foreign, "").status, 403);
        assert_eq!(home.me(&cookie).0, 200);
    });
}

#[test]
fn tries_are_limited_per_name_and_per_address() {
    both(|mode| {
        let adjust = |config: &mut Config| config.accounts.tries_per_minute = 3;
        let home = Home::with(mode, Folder::new(), adjust);
        home.register("ada");
        assert_eq!(home.call(LOGIN, &fields("ada", PASSWORD)), (DONE, 1));
        assert_eq!(home.json("/api/login", "ada", OTHER).status, 401);
        let before = home.accounts.dummy_hashes();
        // Whatever is tried from here: the address has had its tries.
        for name in ["ada", "bob"] {
            let answer = home.json("/api/login", name, PASSWORD);
            assert_eq!((answer.status, numbers(&answer)), (429, (TOO_MANY, 0)));
            let wait = answer.field("retry-after").expect("how long");
            assert!((1..=20).contains(&wait.parse::<u64>().expect("seconds")));
            assert_eq!(home.call(LOGIN, &fields(name, PASSWORD)), (TOO_MANY, 0));
            let result = home.call(REGISTER, &register_body(name, PASSWORD));
            assert_eq!(result, (TOO_MANY, 0));
            let form = home.post("/api/login", FORM, "name=ada&password=12345678");
            assert_eq!(form.field("location"), Some("/account/#too-many"));
        }
        assert_eq!(
            home.accounts.dummy_hashes(),
            before,
            "no hash is made for them"
        );
        // The name has had two tries, for the one with the right password does
        // not count; the third may come from anywhere, and then no more.
        for (name, expected) in [("bob", WRONG), ("ada", WRONG), ("ada", TOO_MANY)] {
            let mut stream = from("127.0.0.77", home.rig.frame);
            assert_eq!(call(&mut stream, LOGIN, &fields(name, OTHER)).0, expected);
        }
    });
}

/// A connection from another address of this machine.
fn from(address: &str, to: SocketAddr) -> TcpStream {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let address: SocketAddr = format!("{address}:0").parse().expect("an address");
    socket.bind(&address.into()).expect("bound");
    socket
        .connect_timeout(&to.into(), crate::support::PATIENCE)
        .expect("connected");
    let stream = TcpStream::from(socket);
    let patience = Some(crate::support::PATIENCE);
    stream.set_read_timeout(patience).expect("a timeout");
    stream
}

#[test]
fn a_store_that_fails_is_the_servers_trouble() {
    both(|mode| {
        let home = Home::new(mode);
        home.register("ada");
        let cookie = home.login("ada");
        let file = home.folder.path().join("accounts.db");
        let store = rusqlite::Connection::open(file).expect("opened");
        let sql = "PRAGMA foreign_keys = off; DROP TABLE users";
        store.execute_batch(sql).expect("it is gone");
        for path in ["/api/register", "/api/login"] {
            let answer = home.json(path, "ada", PASSWORD);
            assert_eq!((answer.status, numbers(&answer)), (503, (5, 0)), "{path}");
        }
        assert_eq!(home.call(LOGIN, &fields("ada", PASSWORD)), (5, 0));
        assert_eq!(home.me(&cookie).0, 503);
        let mine = get(home.rig.http, "/mine", &format!("Cookie: {cookie}\r\n"));
        assert_eq!(mine.status, 503);
    });
}

/// A store that waits at a gate before it looks for a name.
struct Gated {
    store: SqliteStore,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    /// How many wait, and whether it is open.
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Gate {
    /// Waits until `so` holds of how many wait and whether it is open.
    fn wait(&self, mut so: impl FnMut(&mut (usize, bool)) -> bool) {
        let state = self.state.lock().expect("whole");
        let wait = self
            .changed
            .wait_timeout_while(state, crate::support::PATIENCE, |state| !so(state));
        assert!(!wait.expect("whole").1.timed_out(), "nobody comes");
    }

    fn change(&self, change: impl FnOnce(&mut (usize, bool))) {
        change(&mut self.state.lock().expect("whole"));
        self.changed.notify_all();
    }
}

impl Store for Gated {
    fn find(&self, name: &str) -> Result<Option<Account>, StoreError> {
        self.gate.change(|state| state.0 += 1);
        self.gate.wait(|state| state.1);
        self.store.find(name)
    }

    fn add(&self, account: NewAccount) -> Result<Option<u32>, StoreError> {
        self.store.add(account)
    }

    fn rehash(&self, user: u32, hash: String) -> Result<(), StoreError> {
        self.store.rehash(user, hash)
    }

    fn begin(&self, session: NewSession) -> Result<(), StoreError> {
        self.store.begin(session)
    }

    fn session(&self, digest: &Digest, now_s: u64) -> Result<Option<User>, StoreError> {
        self.store.session(digest, now_s)
    }

    fn end(&self, digest: &Digest) -> Result<(), StoreError> {
        self.store.end(digest)
    }
}

#[test]
fn a_login_that_waits_holds_up_no_loop() {
    both(|mode| {
        let folder = Folder::new();
        let gate = Arc::new(Gate::default());
        let gated = Gated {
            store: SqliteStore::open(&folder.path().join("a.db")).expect("opened"),
            gate: gate.clone(),
        };
        let mut settings = Config::default().accounts;
        (settings.hash_kib, settings.hash_passes) = (8, 1);
        let accounts = Accounts::with_store(&settings, gated).expect("started");
        let router = Router::new()
            .merge(accounts.router())
            .site(StaticSite::new(0));
        let adjust = |config: &mut Config| {
            config.workers = 1;
            config.proactor.threads = 4;
        };
        let rig = Rig::with_router(mode, adjust, router);
        let mut frame = connect(rig.frame);
        let register = register_body("ada", PASSWORD);
        assert_eq!(call(&mut frame, REGISTER, &register), (DONE, 1));
        let login = package(LOGIN, &fields("ada", PASSWORD));
        frame.write_all(&login).expect("sent");
        let mut http = connect(rig.http);
        let body = "name=ada&password=correct+horse";
        let length = body.len();
        let head = format!("POST /api/login HTTP/1.1\r\nHost: a\r\n{FORM}");
        let request = format!("{head}Content-Length: {length}\r\n\r\n{body}");
        http.write_all(request.as_bytes()).expect("sent");
        gate.wait(|state| state.0 == 2);
        for _ in 0..3 {
            assert_eq!(get(rig.http, "/small.txt", "").body.len(), 1024);
            let mut other = connect(rig.frame);
            other.write_all(&package(1, b"echo")).expect("sent");
            assert_eq!(read_package(&mut other).1, b"echo");
        }
        gate.change(|state| state.1 = true);
        assert_eq!(
            read_package(&mut frame),
            (LOGIN, vec![0, 0, 0, 0, 0, 0, 0, 1])
        );
        assert_eq!(read_answer(&mut http, false).status, 303);
    });
}

// --- the program -------------------------------------------------------

fn program(mode: Mode, folder: &Folder, accounts: &str) -> Program {
    let text = config_text(mode, &folder.path().join("site"), accounts);
    folder.write("my.toml", text.as_bytes());
    folder.write("site/index.html", b"<h1>index</h1>\n");
    Program::start(folder.path(), &["--config", "my.toml"])
}

#[test]
fn the_program_has_accounts_where_a_file_is_named() {
    both(|mode| {
        let folder = Folder::new();
        let accounts = "[accounts]\nfile = \"a.db\"\nhash_kib = 8\nhash_passes = 1\n";
        let running = program(mode, &folder, accounts);
        assert!(
            running
                .lines
                .contains(&"pelton: accounts in a.db".to_owned())
        );
        let body = format!("{{\"name\":\"ada\",\"password\":\"{PASSWORD}\"}}");
        let answer = post(running.http(), "/api/register", JSON, &body);
        assert_eq!(numbers(&answer), (DONE, 1));
        let result = call(
            &mut connect(running.frame()),
            LOGIN,
            &fields("ada", PASSWORD),
        );
        assert_eq!(result, (DONE, 1));
        assert_eq!(get(running.http(), "/", "").body, b"<h1>index</h1>\n");
    });
}

#[test]
fn without_a_file_the_codes_are_not_known() {
    both(|mode| {
        let folder = Folder::new();
        let running = program(mode, &folder, "");
        let mut stream = connect(running.frame());
        let unknown = package(REGISTER, &register_body("ada", PASSWORD)).repeat(4);
        stream.write_all(&unknown).expect("sent");
        stream.write_all(&package(1, b"echo")).expect("sent");
        assert_eq!(read_package(&mut stream), (1, b"echo".to_vec()));
        assert_eq!(get(running.http(), "/api/me", "").status, 404);
        assert!(!Path::new(&folder.path().join("a.db")).exists());
    });
}

/// Closing any descriptor of a file takes a process's locks off it, SQLite's
/// as well: another program would then take itself for the last user of the
/// file, and remove the log that the first store goes on writing to.
#[test]
fn opening_a_store_twice_loses_nothing_of_the_first() {
    let folder = Folder::new();
    let file = folder.path().join("a.db");
    let add = |store: &SqliteStore, name: &str| {
        store.add(NewAccount {
            name: name.to_owned(),
            hash: "none".to_owned(),
            kind: 0,
            now_s: 1,
        })
    };
    let first = SqliteStore::open(&file).expect("opened");
    add(&first, "ada").expect("kept");
    drop(SqliteStore::open(&file).expect("opened again"));
    let looked = std::process::Command::new("python3")
        .arg("-c")
        .arg("import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(c.execute('SELECT count(*) FROM users').fetchone()); c.close()")
        .arg(&file)
        .output()
        .expect("python3 is there");
    assert_eq!(String::from_utf8_lossy(&looked.stdout), "(1,)\n");
    add(&first, "bob").expect("kept");
    // As after a crash: what another process sees now is what there is.
    let found = SqliteStore::open(&file).expect("opened").find("bob");
    assert!(found.expect("read").is_some());
    assert!(folder.path().join("a.db-wal").exists());
}

#[test]
fn a_file_that_cannot_be_used_is_one_line() {
    let folder = Folder::new();
    folder.write("site/index.html", b"<h1>index</h1>\n");
    folder.write(
        "other.db",
        &b"this is another kind of file altogether\n".repeat(30),
    );
    for (file, parts) in [
        ("other.db", &["my.toml:", "other.db is no SQLite file"][..]),
        ("nowhere/a.db", &["folder nowhere is not there"]),
        ("site", &["site", "served to everybody"]),
        ("site/a.db", &["site/a.db", "served to everybody"]),
        (".", &[". is a folder: write a file in it"]),
    ] {
        let more = format!("[accounts]\nfile = \"{file}\"\n");
        let text = config_text(Mode::Reactor, &folder.path().join("site"), &more);
        folder.write("my.toml", text.as_bytes());
        let ran = run(folder.path(), &["--config", "my.toml"]);
        assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{file}: {ran:?}");
        assert_eq!(ran.errors.lines().count(), 1, "{}", ran.errors);
        for part in parts {
            assert!(ran.errors.contains(part), "no {part:?} in {}", ran.errors);
        }
    }
    assert!(!folder.path().join("site/a.db").exists());
}
