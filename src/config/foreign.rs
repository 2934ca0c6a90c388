//! Keys that other servers have, and what there is in their place.

/// Words, and what to do here.
const WORDS: [(&[&str], &str); 19] = [
    (&["server", "servers", "http", "vhost"], "write [[site]]"),
    (&["listen", "port", "ports", "bind"], "write [[listen]]"),
    (
        &["include", "import"],
        "a configuration is one file: write all of it here",
    ),
    (
        &["server_name", "server_names", "domain", "domains"],
        "write `hosts`",
    ),
    (
        &["document_root", "dir", "directory", "folder", "alias"],
        "write `root`",
    ),
    (&["directory_index"], "write `index`"),
    (&["try_files", "spa"], "write `fallback`"),
    (&["autoindex", "browse"], "write `listing`"),
    (&["gzip", "brotli", "zstd", "encode"], "write `compress`"),
    (&["gzip_static", "brotli_static"], "write `precompressed`"),
    (
        &["expires", "caching", "max_age"],
        "write [[site.cache_control]]",
    ),
    (&["add_header"], "write [[site.header]]"),
    (
        &["auth_basic", "auth_basic_user_file", "basic_auth", "users"],
        "write [[site.auth]]",
    ),
    (&["return", "redir"], "write [[site.redirect]]"),
    (
        &["mime_types", "default_type", "content_type"],
        "write [site.types]",
    ),
    (
        &["access_log", "error_log"],
        "write `access` or `file` in the section `log`",
    ),
    (
        &["ssl", "tls", "https", "ssl_certificate", "certificate"],
        "there is no TLS here: remove it, and have a proxy in front",
    ),
    (
        &["proxy", "proxy_pass", "upstream", "fastcgi_pass"],
        "requests are handed to no other server: remove it",
    ),
    (
        &["location", "locations", "route", "routes"],
        "write a rule with a `path`, such as [[site.header]]",
    ),
];

/// What to do in the place of a key that another server has.
pub(super) fn hint(key: &str) -> Option<&'static str> {
    let known = WORDS.iter().find(|(words, _)| words.contains(&key));
    known.map(|(_, hint)| *hint)
}
