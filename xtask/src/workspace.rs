//! Where this repository is and where its products go.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command::{command, output};

/// The workspace as cargo sees it.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    metadata: Value,
}

impl Workspace {
    /// Finds the workspace around the current directory, or around xtask itself when called from elsewhere.
    pub(crate) fn find() -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut metadata = command(cargo, ["metadata", "--format-version=1", "--no-deps"]);
        if let Some(manifest) = std::env::var_os("CARGO_MANIFEST_DIR") {
            metadata.current_dir(manifest);
        }
        let metadata: Value =
            serde_json::from_str(&output(&mut metadata)?).context("cargo metadata printed no JSON")?;
        let path = |key: &str| match metadata[key].as_str() {
            Some(path) => Ok(PathBuf::from(path)),
            None => bail!("cargo metadata has no {key}"),
        };
        Ok(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
            metadata,
        })
    }

    /// The directory of the root `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `cargo metadata --no-deps`.
    pub(crate) fn metadata(&self) -> &Value {
        &self.metadata
    }

    /// Everything these commands make: the probe guest, labs, logs, the quickstart's state.
    pub(crate) fn products(&self) -> Result<PathBuf> {
        let directory =
            std::env::var_os("LQX_XTASK_DIR").map_or_else(|| self.target.join("lqx"), PathBuf::from);
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        directory
            .canonicalize()
            .with_context(|| format!("cannot resolve {}", directory.display()))
    }

    /// The probe guest's directory.
    pub(crate) fn guest(&self) -> Result<PathBuf> {
        Ok(self.products()?.join("guest"))
    }

    /// The directory of one lab node.
    pub(crate) fn lab(&self, name: &str) -> Result<PathBuf> {
        Ok(self.products()?.join("lab").join(name))
    }

    /// A binary that `cargo build` (dev profile) made.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// True if a member of this name declares this feature.
    pub(crate) fn has_feature(&self, package: &str, feature: &str) -> bool {
        let packages = self.metadata["packages"].as_array();
        packages.is_some_and(|all| {
            all.iter()
                .any(|found| found["name"] == package && !found["features"][feature].is_null())
        })
    }
}
