//! Counting: a wrong count here would call a broken build sound.

use super::summary::{Summary, of_cargo, of_nextest};

fn summary(passed: u32, failed: u32, skipped: u32) -> Summary {
    Summary {
        passed,
        failed,
        skipped,
    }
}

#[test]
fn nextest_counts_with_colours_brackets_and_timeouts() {
    let plain = "     Summary [   1.234s] 12 tests run: 10 passed (1 slow, 1 flaky), 1 failed, 1 timed out, 3 skipped";
    assert_eq!(of_nextest(plain), Some(summary(10, 2, 3)));
    let coloured = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.010s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m \u{1b}[33;1mskipped\u{1b}[0m";
    assert_eq!(of_nextest(coloured), Some(summary(2, 0, 0)));
    let stopped = "     Summary [   0.012s] 3/9 tests run: 2 passed, 1 failed, 0 skipped";
    assert_eq!(of_nextest(stopped), Some(summary(2, 1, 0)));
}

#[test]
fn a_tests_own_output_is_not_a_summary() {
    assert_eq!(of_nextest("a Summary [1s] 1 tests run: 5 passed"), None);
    assert_eq!(of_nextest("PASS [   0.006s] xtask suite::tests::name"), None);
    assert_eq!(of_cargo("the test result: ok. 3 passed"), None);
}

#[test]
fn cargo_counts_add_up() {
    let ok = of_cargo(
        "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
    );
    let bad = of_cargo(
        "test result: \u{1b}[31mFAILED\u{1b}[0m. 1 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out",
    );
    assert_eq!(ok.unwrap() + bad.unwrap(), summary(4, 2, 1));
    assert_eq!(summary(4, 2, 1).to_string(), "4 passed, 2 failed, 1 skipped");
}
