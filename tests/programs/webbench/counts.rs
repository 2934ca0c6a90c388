//! So many requests, no more and no fewer: what is reported is what the server
//! counted.

use super::tester::{numbers, run};
use crate::support::program::Ran;
use crate::support::{Rig, both_at_once};
use pelton::engine::Count;

/// Requests of a run.
const REQUESTS: u64 = 100_000;

fn check(rig: &Rig, url: &str, words: &str, (count, expected): (Count, u64)) {
    let before = rig.count(count);
    let ran: Ran = run(&format!("{words} --requests {expected}"), url);
    let [_, _, good, bad] = numbers(&ran);
    assert_eq!((good, bad), (expected, 0), "{words}: {ran:?}");
    assert!(ran.errors.is_empty(), "{words}: {ran:?}");
    assert_eq!(rig.count(count) - before, expected, "{words}");
}

#[test]
fn over_http_counts_agree_to_the_last() {
    both_at_once(|mode| {
        let rig = Rig::start(mode, |_| ());
        let url = format!("http://{}/small.txt", rig.http);
        let counted = (Count::Requests, REQUESTS);
        check(&rig, &url, "-k -c 16", counted);
        check(&rig, &url, "-k -c 7 --processes 3 --head", counted);
        check(&rig, &url, "--pipeline 16 -c 16", counted);
        check(&rig, &url, "--pipeline 7 -c 5 --processes 2", counted);
        check(&rig, &url, "-c 16", counted);
        check(&rig, &url, "-2 -c 3 --head", (Count::Requests, 1_001));
    });
}

#[test]
fn by_packages_counts_agree_to_the_last() {
    both_at_once(|mode| {
        let rig = Rig::start(mode, |_| ());
        let url = format!("frame://{}", rig.frame);
        let counted = (Count::Packages, REQUESTS);
        check(&rig, &url, "-c 16", counted);
        check(&rig, &url, "--pipeline 16 -c 16", counted);
        let large = format!("{url}?bytes=20000");
        check(&rig, &large, "--pipeline 5 -c 7", (Count::Packages, 10_003));
    });
}

#[test]
fn fewer_requests_than_clients_and_a_time_that_comes_first() {
    both_at_once(|mode| {
        let rig = Rig::start(mode, |_| ());
        let url = format!("http://{}/small.txt", rig.http);
        check(&rig, &url, "-k -c 16 --pipeline 8", (Count::Requests, 3));
        let words = "-k -c 2 -t 1 --requests 1000000000";
        let [_, _, good, bad] = numbers(&run(words, &url));
        assert!(good > 0 && good < 1_000_000_000 && bad == 0);
    });
}
