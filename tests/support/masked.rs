//! Answers without what changes from one run to the next.

/// The same with one date in place of every Date.
pub fn dates(mut answers: Vec<u8>) -> Vec<u8> {
    const DATE: &[u8] = b"Sun, 06 Nov 1994 08:49:37 GMT";
    const FIELD: &[u8] = b"\r\nDate: ";
    for at in places(&answers, FIELD) {
        let start = at + FIELD.len();
        if let Some(room) = answers.get_mut(start..start + DATE.len()) {
            room.copy_from_slice(DATE);
        }
    }
    answers
}

/// The same with one boundary in place of every one that a Content-Type names.
pub fn boundaries(mut answers: Vec<u8>) -> Vec<u8> {
    const NAME: &[u8] = b"boundary=";
    const LEN: usize = 32;
    for at in places(&answers, NAME) {
        let start = at + NAME.len();
        let Some(boundary) = answers.get(start..start + LEN).map(<[u8]>::to_vec) else {
            continue;
        };
        for place in places(&answers, &boundary) {
            answers[place..place + LEN].fill(b'b');
        }
    }
    answers
}

fn places(text: &[u8], what: &[u8]) -> Vec<usize> {
    let windows = text.windows(what.len()).enumerate();
    let found = windows.filter(|(_, window)| *window == what);
    found.map(|(at, _)| at).collect()
}
