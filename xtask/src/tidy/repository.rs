//! What the rules look at, read once.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command::{command, output};
use crate::workspace::Workspace;

/// The kind of a dependency, as in Cargo.toml's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Normal,
    Build,
    Dev,
}

/// A dependency on another member.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) to: String,
    pub(super) kind: Kind,
    pub(super) optional: bool,
}

/// A member of the workspace.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// Its directory, relative to the root.
    pub(super) directory: String,
    pub(super) manifest: String,
    /// Dependencies on other members only.
    pub(super) edges: Vec<Edge>,
}

/// A text file, by its path relative to the root.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

/// The repository as the rules see it.
#[derive(Clone, Debug, Default)]
pub(super) struct Repository {
    pub(super) members: Vec<Member>,
    /// Text files that git knows or would add.
    pub(super) files: Vec<File>,
    /// Every file's path, those included that are no text, and every directory's.
    pub(super) paths: Vec<String>,
    /// What core links: one `NAME vVERSION` per line.
    pub(super) core_tree: String,
}

impl Repository {
    pub(super) fn read(workspace: &Workspace) -> Result<Self> {
        let root = workspace.root();
        let mut repository = Self {
            members: members(workspace)?,
            core_tree: core_tree(root)?,
            ..Self::default()
        };
        for path in tracked(root)? {
            let full = root.join(&path);
            // A file that is deleted but not yet committed is still listed.
            let Ok(bytes) = fs::read(&full) else { continue };
            if let Ok(text) = String::from_utf8(bytes) {
                repository.files.push(File {
                    path: path.clone(),
                    text,
                });
            }
            repository.add_path(&path);
        }
        Ok(repository)
    }

    /// The text of one file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.text.as_str())
    }

    /// The files whose name ends so.
    pub(super) fn files_ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.ends_with(end))
    }

    fn add_path(&mut self, path: &str) {
        let ancestors = Path::new(path)
            .ancestors()
            .map(|path| path.to_string_lossy().into_owned());
        for path in ancestors {
            if !self.paths.contains(&path) {
                self.paths.push(path);
            }
        }
    }
}

fn tracked(root: &Path) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.current_dir(root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listing = output(&mut git).context("tidy looks at what git knows; is this a git clone?")?;
    let mut paths: Vec<String> = listing
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn members(workspace: &Workspace) -> Result<Vec<Member>> {
    let Some(packages) = workspace.metadata()["packages"].as_array() else {
        bail!("cargo metadata lists no packages")
    };
    let names: Vec<&str> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    let mut members = packages
        .iter()
        .map(|package| member(package, &names, workspace.root()))
        .collect::<Result<Vec<_>>>()?;
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(members)
}

fn member(package: &Value, names: &[&str], root: &Path) -> Result<Member> {
    let name = package["name"].as_str().context("a package without a name")?;
    let manifest = Path::new(
        package["manifest_path"]
            .as_str()
            .context("a package without a manifest")?,
    );
    let directory = manifest
        .parent()
        .and_then(|directory| directory.strip_prefix(root).ok());
    let directory = directory.with_context(|| format!("{name} lies outside the workspace"))?;
    let dependencies = package["dependencies"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    Ok(Member {
        name: name.to_owned(),
        directory: directory.to_string_lossy().into_owned(),
        manifest: fs::read_to_string(manifest)
            .with_context(|| format!("cannot read {}", manifest.display()))?,
        edges: dependencies
            .iter()
            .filter_map(|dependency| edge(dependency, names))
            .collect(),
    })
}

fn edge(dependency: &Value, names: &[&str]) -> Option<Edge> {
    let to = dependency["name"].as_str().filter(|name| names.contains(name))?;
    let kind = match dependency["kind"].as_str() {
        Some("dev") => Kind::Dev,
        Some("build") => Kind::Build,
        _ => Kind::Normal,
    };
    Some(Edge {
        to: to.to_owned(),
        kind,
        optional: dependency["optional"].as_bool().unwrap_or(false),
    })
}

fn core_tree(root: &Path) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut tree = command(
        cargo,
        [
            "tree",
            "--package",
            super::purity::CORE,
            "--edges",
            "normal",
            "--prefix",
            "none",
        ],
    );
    output(
        tree.args(["--all-features", "--target", "all", "--no-dedupe"])
            .current_dir(root),
    )
}
