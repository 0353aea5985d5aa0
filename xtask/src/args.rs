//! The little argument parsing these commands need: words, `--flags`, and what follows `--`.
//!
//! No parser library: it would be the largest thing this crate compiles.

use anyhow::{Result, bail};

/// The arguments that are left to look at.
#[derive(Debug)]
pub(crate) struct Args {
    rest: Vec<String>,
    after_dashes: Vec<String>,
}

impl Args {
    pub(crate) fn new(arguments: impl Iterator<Item = String>) -> Self {
        let mut rest: Vec<String> = arguments.collect();
        let after_dashes = match rest.iter().position(|a| a == "--") {
            Some(at) => {
                let tail = rest.split_off(at);
                tail.into_iter().skip(1).collect()
            }
            None => Vec::new(),
        };
        Self { rest, after_dashes }
    }

    /// Takes the first argument, whatever it is.
    pub(crate) fn next_word(&mut self) -> Option<String> {
        if self.rest.is_empty() {
            None
        } else {
            Some(self.rest.remove(0))
        }
    }

    /// Takes `flag` out, wherever it stands; true if it was there.
    pub(crate) fn flag(&mut self, flag: &str) -> bool {
        let before = self.rest.len();
        self.rest.retain(|a| a != flag);
        self.rest.len() != before
    }

    /// Everything not looked at yet, up to `--`.
    pub(crate) fn words(&mut self) -> Vec<String> {
        std::mem::take(&mut self.rest)
    }

    /// What follows `--`.
    pub(crate) fn after_dashes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.after_dashes)
    }

    /// Refuses whatever nobody took.
    pub(crate) fn finish(self) -> Result<()> {
        match self.rest.first().or(self.after_dashes.first()) {
            Some(unknown) => bail!("unexpected argument `{unknown}`; `cargo xtask help` lists what there is"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Args;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_follows_the_dashes_is_never_taken_for_a_flag() {
        let mut args = args("test -- --keep -E name");
        assert_eq!(args.next_word().as_deref(), Some("test"));
        assert!(!args.flag("--keep"));
        assert_eq!(args.after_dashes(), ["--keep", "-E", "name"]);
        assert!(args.finish().is_ok());
    }

    #[test]
    fn an_argument_nobody_took_is_refused_by_name() {
        let mut args = args("quickstart --keeep");
        args.next_word();
        assert!(!args.flag("--keep"));
        let error = args.finish().unwrap_err().to_string();
        assert!(error.contains("--keeep"), "{error}");
    }
}
