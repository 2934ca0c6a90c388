//! The programs as a user starts them, and others that meet them: browsers, other
//! servers, clients in other languages. They are one target so that those that
//! wait, wait together.

mod chromium;
mod master;
#[path = "../samples/random.rs"]
mod random;
#[path = "../support/mod.rs"]
mod support;

mod accounts_load;
mod browser;
mod chaos;
mod check_site;
mod cli;
mod clients;
mod examples;
mod faults;
mod packaging;
mod peers;
mod real_clients;
mod reload_load;
mod supervise;
mod unix;
mod webbench;
mod webbench_report;
