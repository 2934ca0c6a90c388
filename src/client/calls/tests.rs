//! The core of a client in virtual time.

use super::*;
use crate::base::limits::{PACKAGE_BYTES_DEFAULT, PACKAGE_BYTES_MAX};
use crate::base::tick::Millis;
use crate::frame::head16::Tag;
use crate::frame::{Framing, HEAD16, codec};

fn package(code: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec::encode(code, body, &mut bytes).expect("short enough");
    bytes
}

fn connected() -> Calls {
    let mut calls = Calls::new(Settings::default());
    calls.connected(Time(0));
    assert_eq!(told(&mut calls), [Event::Connected]);
    calls
}

fn told(calls: &mut Calls) -> Vec<Event> {
    calls.events().collect()
}

/// Takes what is to be sent.
fn sent(calls: &mut Calls) -> Vec<u8> {
    let bytes = calls.output().to_vec();
    calls.wrote(bytes.len());
    bytes
}

fn answer(call: CallId, body: &[u8]) -> Event {
    let body = body.to_vec();
    Event::Answer { call, body }
}

fn push(code: u16, body: &[u8]) -> Event {
    let body = body.to_vec();
    Event::Push { code, body }
}

#[test]
fn answers_find_their_calls_by_code_and_order_however_they_are_cut() {
    let mut bytes = Vec::new();
    for (code, body) in [
        (7, "x"),
        (1, "a"),
        (0, ""),
        (9, "p"),
        (7, "y"),
        (1, "b"),
        (1, "q"),
    ] {
        bytes.extend(package(code, body.as_bytes()));
    }
    for piece in 1..=bytes.len() {
        let mut calls = connected();
        let [a, b] = [(); 2].map(|()| calls.submit(1, b"", Time(0)).expect("short"));
        let [x, y] = [(); 2].map(|()| calls.submit(7, b"", Time(0)).expect("short"));
        for part in bytes.chunks(piece) {
            assert_eq!(calls.receive(part, Time(1)), Ok(()));
        }
        let expected = [
            answer(x, b"x"),
            answer(a, b"a"),
            Event::Heartbeat,
            push(9, b"p"),
            answer(y, b"y"),
            answer(b, b"b"),
            push(1, b"q"),
        ];
        assert_eq!(told(&mut calls), expected, "in pieces of {piece}");
        assert_eq!(calls.due(), Some(Time(20_000)), "only the heartbeat");
    }
}

#[test]
fn a_heartbeat_of_the_user_is_a_call_and_ours_is_not() {
    let mut calls = connected();
    assert_eq!(calls.expire(Time(20_000)), Ok(()));
    let mine = calls.submit(0, b"", Time(20_000)).expect("short");
    assert_eq!(sent(&mut calls), package(0, b"").repeat(2));
    assert_eq!(
        calls.receive(&package(0, b"").repeat(2), Time(20_001)),
        Ok(())
    );
    assert_eq!(told(&mut calls), [Event::Heartbeat, answer(mine, b"")]);
}

#[test]
fn heartbeats_are_sent_in_quiet_and_a_silent_server_is_given_up() {
    let mut calls = connected();
    for at in [20_000, 40_000, 60_000] {
        assert_eq!(calls.due(), Some(Time(at)));
        assert_eq!(calls.expire(Time(at - 1)), Ok(()));
        assert!(sent(&mut calls).is_empty());
        assert_eq!(calls.expire(Time(at)), Ok(()));
        assert_eq!(sent(&mut calls), package(0, b""));
    }
    assert_eq!(calls.due(), Some(Time(70_000)));
    assert_eq!(calls.expire(Time(70_000)), Err(Lost::Silent));
}

#[test]
fn who_only_sends_or_only_hears_still_beats() {
    let mut sends = connected();
    let mut hears = connected();
    for at in (5_000..20_000).step_by(5_000).map(Time) {
        assert_eq!(sends.send(9, b"", at), Ok(true));
        assert_eq!(hears.receive(&package(9, b""), at), Ok(()));
    }
    sent(&mut sends);
    for mut calls in [sends, hears] {
        assert_eq!(calls.due(), Some(Time(20_000)));
        assert_eq!(calls.expire(Time(20_000)), Ok(()));
        assert_eq!(sent(&mut calls), package(0, b""));
    }
}

#[test]
fn a_call_that_times_out_ends_the_connection_and_fails_the_others() {
    let mut calls = connected();
    let late = calls.submit(1, b"", Time(0)).expect("short");
    let other = calls.submit(7, b"", Time(500)).expect("short");
    assert_eq!(calls.due(), Some(Time(10_000)));
    assert_eq!(calls.expire(Time(9_999)), Ok(()));
    assert_eq!(calls.expire(Time(10_000)), Err(Lost::OutOfStep));
    calls.lost(Lost::OutOfStep);
    let failed = |call, error| Event::Failed { call, error };
    let expected = [
        failed(late, CallError::TimedOut),
        failed(other, CallError::Lost(Lost::OutOfStep)),
        Event::Lost(Lost::OutOfStep),
    ];
    assert_eq!(told(&mut calls), expected);
    assert_eq!((calls.due(), calls.output()), (None, &b""[..]));
}

#[test]
fn what_was_sent_is_not_sent_again_and_what_was_not_waits() {
    let mut calls = connected();
    let under_way = calls.submit(1, b"once", Time(0)).expect("short");
    calls.wrote(3);
    calls.lost(Lost::Closed);
    let failed = Event::Failed {
        call: under_way,
        error: CallError::Lost(Lost::Closed),
    };
    assert_eq!(told(&mut calls), [failed, Event::Lost(Lost::Closed)]);
    assert_eq!(calls.send(9, b"", Time(1)), Ok(false));
    let given_up = calls.submit(1, b"too early", Time(0)).expect("short");
    let waits = calls.submit(1, b"later", Time(5_000)).expect("short");
    let refused = Lost::NotMade(std::io::ErrorKind::ConnectionRefused);
    calls.lost(refused);
    assert_eq!(calls.expire(Time(10_000)), Ok(()));
    calls.connected(Time(10_000));
    assert_eq!(sent(&mut calls), package(1, b"later"));
    assert_eq!(calls.receive(&package(1, b"later"), Time(10_001)), Ok(()));
    let unsent = Event::Failed {
        call: given_up,
        error: CallError::Unsent,
    };
    let expected = [
        Event::Lost(refused),
        unsent,
        Event::Connected,
        answer(waits, b"later"),
    ];
    assert_eq!(told(&mut calls), expected);
}

#[test]
fn what_is_bad_ends_the_connection_after_what_was_good() {
    let mut wrong_crc = package(1, b"hello");
    wrong_crc[7] ^= 1;
    let over = |len: usize| {
        (len as u16)
            .to_be_bytes()
            .into_iter()
            .chain([0; 6])
            .collect()
    };
    let cases: [(Vec<u8>, Lost); 4] = [
        (wrong_crc, Lost::BadPackage),
        (over(PACKAGE_BYTES_DEFAULT + 1), Lost::BadLength),
        (over(7), Lost::BadLength),
        (vec![0, 9, 0, 0, 0, 0, 0, 0, 0], Lost::BadPackage),
    ];
    for (bad, lost) in cases {
        let mut calls = connected();
        let good = [package(9, b"good"), bad].concat();
        assert_eq!(calls.receive(&good, Time(1)), Err(lost));
        assert_eq!(told(&mut calls), [push(9, b"good")]);
    }
    let settings = Settings {
        package_bytes: PACKAGE_BYTES_MAX,
        timeout: Millis(1),
        heartbeat: None,
        ..Settings::default()
    };
    let mut calls = Calls::new(settings);
    calls.connected(Time(0));
    assert_eq!(calls.receive(&package(9, &[0; 65_527]), Time(1)), Ok(()));
    assert_eq!(calls.due(), None, "no heartbeats");
    assert!(calls.submit(1, &[0; 65_528], Time(0)).is_err());
}

#[test]
fn calls_have_a_bound_and_none_is_lost_by_it() {
    let mut calls = connected();
    for _ in 0..CLIENT_CALLS_MAX {
        calls.submit(1, b"", Time(0)).expect("short");
    }
    assert_eq!(told(&mut calls), []);
    let bytes = sent(&mut calls).len();
    let call = calls.submit(1, b"", Time(0)).expect("short");
    let error = CallError::Busy;
    assert_eq!(told(&mut calls), [Event::Failed { call, error }]);
    assert!(sent(&mut calls).is_empty() && bytes == 8 * CLIENT_CALLS_MAX);
    assert_eq!(calls.receive(&package(1, b"done"), Time(1)), Ok(()));
    assert_eq!(told(&mut calls).len(), 1);
    let next = calls.submit(1, b"", Time(1)).expect("short");
    assert_eq!(
        (told(&mut calls), sent(&mut calls).len()),
        (vec![], 8),
        "{next:?}"
    );
}

/// A package in head16.
fn long(code: u16, sequence: u16, body: &[u8]) -> Vec<u8> {
    let tag = Tag {
        version: 3,
        sequence,
        ..Tag::default()
    };
    let mut bytes = Vec::new();
    let encoded = HEAD16.encode(code, tag.into(), body, &mut bytes);
    encoded.expect("short enough");
    bytes
}

#[test]
fn answers_that_echo_a_sequence_find_their_calls_in_any_order() {
    let settings = Settings {
        framing: &HEAD16,
        ..Settings::default()
    };
    let mut calls = Calls::new(settings);
    let early = calls.submit(1, b"early", Time(0)).expect("short");
    calls.connected(Time(0));
    let [a, b] = [(); 2].map(|()| calls.submit(1, b"", Time(0)).expect("short"));
    let asked = sent(&mut calls);
    let sequences = [asked[13], asked[16 + 5 + 13], asked[16 + 5 + 16 + 13]];
    assert_eq!((asked.len(), sequences), (53, [1, 2, 3]));
    assert_eq!(told(&mut calls), [Event::Connected]);
    // Neither the version nor the code matters, nor who came first.
    let mut bytes = Vec::new();
    for (code, sequence, body) in [
        (1, 0, "push"),
        (1, 3, "b"),
        (9, 2, "a"),
        (1, 3, "once more"),
        (1, 1, "early"),
    ] {
        bytes.extend(long(code, sequence, body.as_bytes()));
    }
    for part in bytes.chunks(7) {
        assert_eq!(calls.receive(part, Time(1)), Ok(()));
    }
    let expected = [
        push(1, b"push"),
        answer(b, b"b"),
        answer(a, b"a"),
        push(1, b"once more"),
        answer(early, b"early"),
    ];
    assert_eq!(told(&mut calls), expected);
    assert_eq!(calls.receive(&[0, 0, 0, 15], Time(1)), Ok(()));
    assert_eq!(calls.receive(&[0; 12], Time(1)), Err(Lost::BadLength));
}

#[test]
fn numbers_come_round_and_heartbeats_take_theirs() {
    let settings = Settings {
        framing: &HEAD16,
        ..Settings::default()
    };
    let mut calls = Calls::new(settings);
    calls.connected(Time(0));
    for number in 1..=65_536_u32 {
        let call = calls.submit(1, b"", Time(0)).expect("short");
        let number = ((number - 1) % 65_535 + 1) as u16;
        assert_eq!(sent(&mut calls)[12..14], number.to_be_bytes());
        assert_eq!(calls.receive(&long(1, number, b""), Time(0)), Ok(()));
        assert_eq!(told(&mut calls).last(), Some(&answer(call, b"")));
    }
    assert_eq!(calls.expire(Time(20_000)), Ok(()));
    assert_eq!(sent(&mut calls), {
        let mut beat = long(0, 2, b"");
        beat[5] = 0; // no version
        beat
    });
    assert_eq!(calls.receive(&long(0, 2, b""), Time(20_001)), Ok(()));
    assert_eq!(told(&mut calls), [Event::Heartbeat]);
}

#[test]
fn an_answer_with_a_number_that_comes_too_late_does_no_harm() {
    let settings = Settings {
        framing: &HEAD16,
        timeout: Millis(100),
        ..Settings::default()
    };
    let mut calls = Calls::new(settings);
    calls.connected(Time(0));
    let slow = calls.submit(1, b"", Time(0)).expect("short");
    let quick = calls.submit(1, b"", Time(50)).expect("short");
    assert_eq!(calls.expire(Time(100)), Ok(()), "the connection stays");
    let failed = |call| Event::Failed {
        call,
        error: CallError::TimedOut,
    };
    assert_eq!(told(&mut calls), [Event::Connected, failed(slow)]);
    let bytes = [long(1, 1, b"late"), long(1, 2, b"quick")].concat();
    assert_eq!(calls.receive(&bytes, Time(101)), Ok(()));
    assert_eq!(told(&mut calls), [answer(quick, b"quick")]);
    // A number is not used again while its call is under way, but then it is.
    let third = calls.submit(1, b"", Time(200)).expect("short");
    sent(&mut calls);
    let mut numbers = Vec::new();
    for _ in 0..65_535 {
        let call = calls.submit(1, b"", Time(200)).expect("short");
        let package = sent(&mut calls);
        let number = u16::from_be_bytes([package[12], package[13]]);
        assert_eq!(calls.receive(&long(1, number, b""), Time(200)), Ok(()));
        assert_eq!(told(&mut calls), [answer(call, b"")]);
        numbers.push(number);
    }
    assert_eq!(numbers[65_530..], [65_534, 65_535, 1, 2, 4]);
    assert_eq!(calls.receive(&long(1, 3, b"third"), Time(200)), Ok(()));
    assert_eq!(told(&mut calls), [answer(third, b"third")]);
}
