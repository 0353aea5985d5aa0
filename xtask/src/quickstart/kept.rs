//! What `--keep` left running, in a file, so that the next run or `--stop` ends it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::Identity;

const FILE: &str = "kept";

/// Processes by identity, so that a stale file harms nobody.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) lab: PathBuf,
    pub(super) groups: Vec<Identity>,
}

impl Kept {
    pub(super) fn write(&self, directory: &Path) -> Result<()> {
        let mut text = format!("{}\n", self.lab.display());
        for group in &self.groups {
            text.push_str(&group.line());
            text.push('\n');
        }
        fs::write(directory.join(FILE), text).context("cannot note what is kept")
    }

    pub(super) fn read(directory: &Path) -> Option<Self> {
        let text = fs::read_to_string(directory.join(FILE)).ok()?;
        let mut lines = text.lines();
        let lab = PathBuf::from(lines.next()?);
        Some(Self {
            lab,
            groups: lines.filter_map(Identity::parse).collect(),
        })
    }
}
