//! `cargo xtask tidy`: the repository's rules that no compiler checks.
//!
//! One rule per file, each a plain function from the repository to its findings, so that a test can hand it a small one made
//! up for the purpose. `repository` is the only file here that reads anything.
//!
//! | rule | what breaks without it |
//! |---|---|
//! | `edges` | the layering: a backend that knows its sibling, an agent that links the server |
//! | `purity` | planning that runs anywhere: core links no runtime, no database, no wire format, no randomness |
//! | `wiring` | backends named in one file of the server only |
//! | `lints` | the workspace's lints, in every crate |
//! | `length` | files that can be read at a sitting |
//! | `architecture` | a code map that has every crate on it |
//! | `words` | unfinished code, paths of one machine |
//! | `decisions` | decision records that somebody can find |
//! | `links` | documentation that leads somewhere |
//! | `coverage` | a page that says which test calls which RPC, and an RPC that none calls |

mod architecture;
pub(crate) mod coverage;
mod decisions;
mod edges;
mod length;
mod links;
mod lints;
mod purity;
mod repository;
#[cfg(test)]
mod tests;
mod wiring;
mod words;

use anyhow::{Result, bail};

use self::repository::Repository;
use crate::args::Args;
use crate::workspace::Workspace;

/// Something that breaks a rule: where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    place: String,
    message: String,
}

impl Finding {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }
}

type Rule = fn(&Repository) -> Vec<Finding>;

const RULES: &[(&str, Rule)] = &[
    ("edges", edges::check),
    ("purity", purity::check),
    ("wiring", wiring::check),
    ("lints", lints::check),
    ("length", length::check),
    ("architecture", architecture::check),
    ("words", words::check),
    ("decisions", decisions::check),
    ("links", links::check),
    ("coverage", coverage::check),
];

/// Parses and runs.
pub(crate) fn main(args: Args) -> Result<()> {
    args.finish()?;
    let repository = Repository::read(&Workspace::find()?)?;
    let mut broken = 0;
    for (name, rule) in RULES {
        let findings = rule(&repository);
        for finding in &findings {
            println!("{}: [{name}] {}", finding.place, finding.message);
        }
        broken += usize::from(!findings.is_empty());
    }
    if broken == 0 {
        println!(
            "tidy: {} rules hold over {} files",
            RULES.len(),
            repository.files.len()
        );
        Ok(())
    } else {
        bail!("{broken} of {} rules are broken", RULES.len())
    }
}
