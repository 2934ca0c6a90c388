//! A connection that is not taken: told so where its protocol has a word for
//! it, and closed.

use super::stream::Stream;
use crate::os::socket;

/// Sends `answer`, if there is one, and closes. What the client has sent is
/// read first, as far as it is there and fits `input`: closed over unread
/// bytes, the connection would be reset and the answer lost. Nothing is waited
/// for, so a client that sends more, or later, may still see a reset.
pub fn turn_away(stream: &Stream, answer: &[u8], input: &mut [u8]) {
    if answer.is_empty() {
        return;
    }
    let _ = socket::receive(stream, input, false);
    if socket::send(stream, answer).is_ok() {
        let _ = stream.shut_down_sending();
    }
}
