//! The last head again: clients that poll, and those behind one proxy, send
//! the same bytes over and over, and the same bytes mean the same.

use super::head::{FieldSpan, Framing, Head, RequestLine};
use crate::base::limits::MEMO_BYTES_MAX;

/// The last head that was parsed, as it was parsed. Owns a copy. It is one
/// pointer: it is taken out of the means, and put back, for every request.
#[derive(Debug, Default)]
pub struct HeadMemo(Option<Box<Known>>);

#[derive(Debug)]
struct Known {
    bytes: Vec<u8>,
    line: RequestLine,
    fields: Vec<FieldSpan>,
    /// It was that of the last message of this input, which had no body.
    again: bool,
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
        let known = self.0.as_deref()?;
        let bytes = input.get(..known.bytes.len())?;
        (bytes == known.bytes).then(|| Head::new(bytes, &known.line, &known.fields))
    }

    /// The length of the last head in bytes, if `input` begins with it again
    /// and the last message was that head and nothing else.
    #[must_use]
    pub fn recall_again(&self, input: &[u8]) -> Option<usize> {
        let known = self.0.as_deref().filter(|known| known.again)?;
        input.starts_with(&known.bytes).then_some(known.bytes.len())
    }

    /// Another input: what came last is another connection's.
    pub fn begin_input(&mut self) {
        if let Some(known) = &mut self.0 {
            known.again = false;
        }
    }

    /// A message with this head was received.
    pub fn end_message(&mut self) {
        if let Some(known) = &mut self.0 {
            known.again = matches!(known.line.framing, Framing::None | Framing::Length(0));
        }
    }

    /// Remembers a head in place of the last one; one that is long is not
    /// kept, but the one before it is the last no more.
    pub fn remember(&mut self, head: &Head<'_>) {
        if head.bytes().len() > MEMO_BYTES_MAX {
            self.0 = None;
            return;
        }
        let line = *head.line();
        let known = self.0.get_or_insert_with(|| {
            let (bytes, fields) = (Vec::new(), Vec::new());
            Box::new(Known {
                bytes,
                line,
                fields,
                again: false,
            })
        });
        known.line = line;
        known.again = false;
        known.bytes.clear();
        known.bytes.extend_from_slice(head.bytes());
        known.fields.clear();
        known.fields.extend_from_slice(head.field_spans());
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::HeadRoom;
    use super::super::parse::parse;
    use super::*;

    #[test]
    fn only_the_very_bytes_are_recalled() {
        let text = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
        let mut memo = HeadMemo::new();
        assert!(memo.recall(text).is_none());
        let mut room = HeadRoom::new();
        memo.remember(&parse(text, &mut room).expect("a good head"));
        let two = [&text[..], b"GET /b HTTP/1.1\r\n"].concat();
        let head = memo.recall(&two).expect("the same again");
        assert_eq!((head.bytes(), head.target()), (&text[..], &b"/a"[..]));
        assert_eq!(head.field("host"), Some(&b"a"[..]));
        assert!(memo.recall(&text[..text.len() - 1]).is_none());
        assert!(memo.recall(b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n").is_none());
        assert!(memo.recall(b"").is_none());
    }
}
