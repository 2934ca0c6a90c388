//! The last head again: clients that poll, and those behind one proxy, send
//! the same bytes over and over, and the same bytes mean the same.

use super::head::{FieldSpan, Head, RequestLine};
use crate::base::limits::MEMO_BYTES_MAX;

/// The last head that was parsed, as it was parsed. Owns a copy.
#[derive(Debug, Default)]
pub struct HeadMemo {
    bytes: Vec<u8>,
    line: Option<RequestLine>,
    fields: Vec<FieldSpan>,
}

impl HeadMemo {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> HeadMemo {
        HeadMemo::default()
    }

    /// The head at the front of `input`, if it is the last one again. A head
    /// ends in the only empty line it has, so equal bytes are the whole of it.
    #[must_use]
    pub fn recall<'a>(&'a self, input: &'a [u8]) -> Option<Head<'a>> {
        let bytes = input.get(..self.bytes.len())?;
        let line = self.line?;
        (bytes == self.bytes).then(|| Head::new(bytes, line, &self.fields))
    }

    /// Remembers a head in place of the last one; not one that is long.
    pub fn remember(&mut self, head: &Head<'_>) {
        if head.bytes().len() > MEMO_BYTES_MAX {
            return;
        }
        self.bytes.clear();
        self.bytes.extend_from_slice(head.bytes());
        self.fields.clear();
        self.fields.extend_from_slice(head.field_spans());
        self.line = Some(*head.line());
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::NO_FIELDS;
    use super::super::parse::parse;
    use super::*;

    #[test]
    fn only_the_very_bytes_are_recalled() {
        let text = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
        let mut memo = HeadMemo::new();
        assert!(memo.recall(text).is_none());
        let mut spans = NO_FIELDS;
        memo.remember(&parse(text, &mut spans).expect("a good head"));
        let two = [&text[..], b"GET /b HTTP/1.1\r\n"].concat();
        let head = memo.recall(&two).expect("the same again");
        assert_eq!((head.bytes(), head.target()), (&text[..], &b"/a"[..]));
        assert_eq!(head.field("host"), Some(&b"a"[..]));
        assert!(memo.recall(&text[..text.len() - 1]).is_none());
        assert!(memo.recall(b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n").is_none());
        assert!(memo.recall(b"").is_none());
    }
}
