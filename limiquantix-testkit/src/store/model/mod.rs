//! Random histories, compared step by step with a model that is too simple to be wrong.
//!
//! The model is a `BTreeMap` and a `Vec` of commits; [`Step`]s are drawn from a small population so that
//! ids, names and versions collide; each is applied to both, and they must agree: on what is accepted, on
//! why not, on what is read, on every page, and in the end on the whole state and the whole log. A failing
//! history is shrunk by proptest to one of a few steps.

mod history;
mod reference;
mod steps;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::Harness;

pub use history::check_history;
pub use reference::Model;
pub use steps::{Intent, Step, any_history, any_intent};

/// Whether a history contains restarts of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restarts {
    /// One store from beginning to end.
    Never,
    /// The store is closed and opened again between some steps.
    Between,
}

/// "One total order of commits", and everything else the contract says about state, for histories nobody
/// thought of.
pub async fn any_history_agrees_with_the_model(h: Harness<'_>) {
    histories(h, Restarts::Never).await;
}

/// How many histories are tried unless `PROPTEST_CASES` says otherwise: a few seconds' worth on SQLite.
const HISTORIES: u32 = 48;

/// Checks generated histories. The same ones in every run; `PROPTEST_CASES` asks for more.
pub async fn histories(h: Harness<'_>, restarts: Restarts) {
    let mut config = Config {
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = HISTORIES;
    }
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let runtime = tokio::runtime::Handle::current();
    // Proptest is synchronous: it gets this thread, and the stores run on the others.
    let outcome = tokio::task::block_in_place(|| {
        runner.run(&any_history(restarts), |history| {
            let harness = h.another();
            runtime
                .block_on(check_history(&*harness, &history))
                .map_err(TestCaseError::fail)
        })
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, history)) => {
            panic!("{why}\nThe shortest history that shows it:\n{history:#?}")
        }
        Err(other) => panic!("{other}"),
    }
}
