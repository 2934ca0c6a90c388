#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| pelton_fuzz::entries::chunked(input));
