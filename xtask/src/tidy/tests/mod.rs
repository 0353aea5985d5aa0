//! Each rule on a repository made up for it: one that keeps the rule and one that breaks it.

mod coverage;
mod documents;
mod layering;
mod sources;

use super::Finding;
use super::repository::{File, Member, Repository};

fn member(name: &str, directory: &str) -> Member {
    Member {
        name: name.to_owned(),
        directory: directory.to_owned(),
        manifest: String::new(),
        edges: Vec::new(),
    }
}

fn with_members(members: Vec<Member>) -> Repository {
    Repository {
        members,
        ..Repository::default()
    }
}

fn with_files(files: &[(&str, &str)]) -> Repository {
    let files: Vec<File> = files
        .iter()
        .map(|(path, text)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        })
        .collect();
    let mut paths: Vec<String> = vec![String::new()];
    for file in &files {
        let mut path = file.path.as_str();
        while let Some((parent, _)) = path.rsplit_once('/') {
            paths.push(parent.to_owned());
            path = parent;
        }
        paths.push(file.path.clone());
    }
    Repository {
        files,
        paths,
        ..Repository::default()
    }
}

/// The places of the findings; the messages are for people.
fn places(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.place.as_str()).collect()
}
