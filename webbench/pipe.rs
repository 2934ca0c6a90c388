//! Records on their way through a pipe, each in a frame of its own: the newest
//! one replaces all before it, and one that is cut off is none.
//!
//! ```text
//!  | bytes of the record, 4, little-endian | record |
//! ```

use crate::record::Record;
use rustix::io::ioctl_fionbio;
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};

/// Ahead of each record.
const HEAD_BYTES: usize = 4;

/// Longest record: more than its three histograms can take.
const RECORD_BYTES_MAX: usize = 4 << 20;

/// Read at once; what a pipe holds, usually.
const READ_BYTES: usize = 64 * 1024;

/// The worker's end, which owns what the pipe has no room for yet.
#[derive(Debug)]
pub(crate) struct Sender {
    pipe: PipeWriter,
    frame: Vec<u8>,
    /// Bytes of the frame that are sent.
    sent: usize,
}

impl Sender {
    /// A sender that never waits for its reader, until [`Sender::finish`].
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn new(pipe: PipeWriter) -> io::Result<Sender> {
        ioctl_fionbio(&pipe, true)?;
        Ok(Sender {
            pipe,
            frame: Vec::new(),
            sent: 0,
        })
    }

    /// Sends what the pipe has room for: the rest of the record before, or
    /// this one if that is through.
    ///
    /// # Errors
    /// The reader is gone.
    pub(crate) fn offer(&mut self, record: &Record) -> io::Result<()> {
        if self.sent == self.frame.len() {
            self.load(record);
        }
        match self.send() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            sent => sent,
        }
    }

    /// Sends the last record, and waits until it is through.
    ///
    /// # Errors
    /// The reader is gone.
    pub(crate) fn finish(mut self, record: &Record) -> io::Result<()> {
        ioctl_fionbio(&self.pipe, false)?;
        self.send()?;
        self.load(record);
        self.send()
    }

    fn load(&mut self, record: &Record) {
        self.frame.clear();
        self.frame.extend_from_slice(&[0; HEAD_BYTES]);
        record.write(&mut self.frame);
        let len = (self.frame.len() - HEAD_BYTES) as u32;
        self.frame[..HEAD_BYTES].copy_from_slice(&len.to_le_bytes());
        self.sent = 0;
    }

    fn send(&mut self) -> io::Result<()> {
        while self.sent < self.frame.len() {
            match self.pipe.write(&self.frame[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The parent's end: the last whole record, and the start of the next.
#[derive(Debug)]
pub(crate) struct Receiver {
    pipe: PipeReader,
    begun: Vec<u8>,
    last: Option<Record>,
}

/// What one read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Something; there may be more.
    Some,
    /// The sender is gone, or what it sends is no record.
    End,
}

impl Receiver {
    pub(crate) fn new(pipe: PipeReader) -> Receiver {
        Receiver {
            pipe,
            begun: Vec::new(),
            last: None,
        }
    }

    /// The pipe, to wait for.
    pub(crate) fn pipe(&self) -> &PipeReader {
        &self.pipe
    }

    /// The last record that came whole.
    pub(crate) fn last(&self) -> Option<&Record> {
        self.last.as_ref()
    }

    /// Reads once what is there.
    pub(crate) fn hear(&mut self) -> Heard {
        let mut piece = [0; READ_BYTES];
        match self.pipe.read(&mut piece) {
            Ok(0) => Heard::End,
            Ok(count) => self.take(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => Heard::Some,
            Err(_) => Heard::End,
        }
    }

    fn take(&mut self, piece: &[u8]) -> Heard {
        self.begun.extend_from_slice(piece);
        while let Some(head) = self.begun.first_chunk::<HEAD_BYTES>() {
            let len = u32::from_le_bytes(*head) as usize;
            if len > RECORD_BYTES_MAX {
                return Heard::End;
            }
            let Some(mut record) = self.begun.get(HEAD_BYTES..HEAD_BYTES + len) else {
                break;
            };
            let Some(record) = Record::read(&mut record) else {
                return Heard::End;
            };
            self.last = Some(record);
            self.begun.drain(..HEAD_BYTES + len);
        }
        Heard::Some
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn record(succeeded: u64) -> Record {
        let mut record = Record::default();
        record.succeeded = succeeded;
        for time in 0..succeeded {
            record.times.whole.add(Duration::from_nanos(time * time));
        }
        record
    }

    #[test]
    fn the_last_whole_record_counts_wherever_the_stream_is_cut() {
        let (reader, writer) = io::pipe().expect("a pipe");
        let mut sender = Sender::new(writer).expect("a sender");
        sender.offer(&record(1)).expect("sent");
        sender.finish(&record(3)).expect("sent");
        let mut bytes = Vec::new();
        (&reader).read_to_end(&mut bytes).expect("all");
        let first = bytes.len() - HEAD_BYTES - {
            let mut last = Vec::new();
            record(3).write(&mut last);
            last.len()
        };
        for cut in 0..=bytes.len() {
            let mut receiver = Receiver::new(reader.try_clone().expect("a copy"));
            for piece in bytes[..cut].chunks(7) {
                assert_eq!(receiver.take(piece), Heard::Some);
            }
            let expected = match cut {
                _ if cut == bytes.len() => Some(record(3)),
                _ if cut >= first => Some(record(1)),
                _ => None,
            };
            assert_eq!(receiver.last(), expected.as_ref(), "cut at {cut}");
        }
    }

    #[test]
    fn a_sender_does_not_wait_and_a_receiver_that_is_late_gets_the_last() {
        let (reader, writer) = io::pipe().expect("a pipe");
        let mut sender = Sender::new(writer).expect("a sender");
        let large = record(20_000);
        for _ in 0..1_000 {
            sender.offer(&large).expect("the reader is there");
        }
        let mut receiver = Receiver::new(reader);
        std::thread::scope(|scope| {
            scope.spawn(move || sender.finish(&record(2)).expect("the reader is there"));
            while receiver.hear() == Heard::Some {}
        });
        assert_eq!(receiver.last(), Some(&record(2)));
    }

    #[test]
    fn what_is_no_record_ends_it() {
        let (reader, _writer) = io::pipe().expect("a pipe");
        let mut receiver = Receiver::new(reader);
        assert_eq!(receiver.take(&[0xff; 4]), Heard::End);
    }
}
