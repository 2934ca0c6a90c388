//! Media types by the extension of a file's name (RFC 9110 8.3).

/// Extensions in order, for a binary search.
const TYPES: [(&str, &str); 66] = [
    ("7z", "application/x-7z-compressed"),
    ("aac", "audio/aac"),
    ("apng", "image/apng"),
    ("atom", "application/atom+xml"),
    ("avif", "image/avif"),
    ("bin", "application/octet-stream"),
    ("bmp", "image/bmp"),
    ("bz2", "application/x-bzip2"),
    ("cjs", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("eot", "application/vnd.ms-fontobject"),
    ("epub", "application/epub+zip"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("ics", "text/calendar; charset=utf-8"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("jsonld", "application/ld+json"),
    ("jxl", "image/jxl"),
    ("m4a", "audio/mp4"),
    ("m4v", "video/mp4"),
    ("map", "application/json"),
    ("md", "text/markdown; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("opus", "audio/ogg"),
    ("otf", "font/otf"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("rss", "application/rss+xml"),
    ("rtf", "application/rtf"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("weba", "audio/webm"),
    ("webm", "video/webm"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xhtml", "application/xhtml+xml"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
    ("zst", "application/zstd"),
];

const LONGEST: usize = 11;

/// The media type of a file, by its extension in any case; bytes without a
/// meaning where that is not known.
#[must_use]
pub fn media_type(path: &[u8]) -> &'static str {
    let unknown = "application/octet-stream";
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    let Some(dot) = memchr::memrchr(b'.', name) else {
        return unknown;
    };
    let mut lower = [0; LONGEST];
    let Some(extension) = lower.get_mut(..name.len() - dot - 1) else {
        return unknown;
    };
    extension.copy_from_slice(&name[dot + 1..]);
    extension.make_ascii_lowercase();
    match TYPES.binary_search_by(|(known, _)| known.as_bytes().cmp(extension)) {
        Ok(found) => TYPES[found].1,
        Err(_) => unknown,
    }
}

/// Whether content of this type gets much smaller when it is compressed: text,
/// whatever it is for, and what is not compressed by itself.
#[must_use]
pub fn compresses(media_type: &str) -> bool {
    let kind = media_type.split(';').next().unwrap_or(media_type);
    let others = [
        "application/json",
        "application/xml",
        "application/wasm",
        "font/otf",
        "font/ttf",
    ];
    kind.starts_with("text/")
        || kind.ends_with("+xml")
        || kind.ends_with("+json")
        || others.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_fits() {
        assert!(TYPES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(
            TYPES.iter().map(|(extension, _)| extension.len()).max(),
            Some(LONGEST)
        );
    }

    #[test]
    fn text_is_worth_compressing_and_pictures_are_not() {
        for (name, expected) in [
            ("a.html", true),
            ("a.js", true),
            ("a.svg", true),
            ("a.json", true),
            ("a.webmanifest", true),
            ("a.wasm", true),
            ("a.png", false),
            ("a.woff2", false),
            ("a.gz", false),
            ("a", false),
        ] {
            assert_eq!(compresses(media_type(name.as_bytes())), expected, "{name}");
        }
    }

    #[test]
    fn by_the_last_extension_in_any_case() {
        for (path, expected) in [
            ("/a/index.html", "text/html; charset=utf-8"),
            ("A.JPG", "image/jpeg"),
            ("a.tar.gz", "application/gzip"),
            ("a.b/c", "application/octet-stream"),
            ("a.", "application/octet-stream"),
            ("a.averylongextension", "application/octet-stream"),
            ("app.webmanifest", "application/manifest+json"),
        ] {
            assert_eq!(media_type(path.as_bytes()), expected, "{path}");
        }
    }
}
