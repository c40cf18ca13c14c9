#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cloudsfor_core::fuzzing::events(data));
