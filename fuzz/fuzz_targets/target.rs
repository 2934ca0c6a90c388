#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| pelton_fuzz::entries::path_of_target(input));
