//! Every relative link in a Markdown file leads to a file of this repository, and its fragment to a heading there.

use super::Finding;
use super::repository::{File, Repository};

/// Follows the relative links of every Markdown file.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    repository
        .files_ending(".md")
        .flat_map(|file| check_file(repository, file))
        .collect()
}

fn check_file(repository: &Repository, file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, target) in links(&file.text) {
        let place = format!("{}:{number}", file.path);
        if target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let (path, fragment) = target.split_once('#').unwrap_or((&target, ""));
        let path = if path.is_empty() {
            Some(file.path.clone())
        } else {
            resolve(&file.path, path)
        };
        let Some(path) = path.filter(|path| repository.paths.contains(path)) else {
            findings.push(Finding::new(
                place,
                format!("links to {target}, which is not in this repository"),
            ));
            continue;
        };
        if !fragment.is_empty()
            && let Some(text) = repository.text(&path).filter(|_| path.ends_with(".md"))
            && !anchors(text).any(|anchor| anchor == fragment)
        {
            findings.push(Finding::new(
                place,
                format!("links to {target}, but {path} has no heading #{fragment}"),
            ));
        }
    }
    findings
}

/// The targets of `[text](target)` and `[text]: target`, with their line numbers, outside code.
pub(super) fn links(markdown: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(markdown) {
        let line = without_code(line);
        for (at, _) in line.match_indices("](") {
            let rest = &line[at + 2..];
            if let Some(end) = rest.find([')', ' ']) {
                links.push((number, rest[..end].trim_matches(['<', '>']).to_owned()));
            }
        }
        if line.starts_with('[')
            && let Some((_, target)) = line.split_once("]: ")
        {
            links.push((number, target.trim().to_owned()));
        }
    }
    links
}

/// The anchors that a Markdown renderer makes of the headings: lower case, spaces as dashes, no other punctuation.
fn anchors(markdown: &str) -> impl Iterator<Item = String> + '_ {
    prose(markdown)
        .filter_map(|(_, line)| line.strip_prefix('#'))
        .map(|line| {
            let kept = line
                .trim_start_matches('#')
                .trim()
                .chars()
                .filter_map(|c| match c {
                    ' ' => Some('-'),
                    '-' | '_' => Some(c),
                    c if c.is_alphanumeric() => Some(c.to_ascii_lowercase()),
                    _ => None,
                });
            kept.collect()
        })
}

/// The lines outside fenced code, numbered from 1.
fn prose(markdown: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(markdown.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        if fence {
            fenced = !fenced;
        }
        !fenced && !fence
    })
}

/// The line with what stands in backticks blanked out.
fn without_code(line: &str) -> String {
    line.split('`')
        .enumerate()
        .map(|(index, part)| if index % 2 == 0 { part } else { "" })
        .collect()
}

/// A path relative to the file that links to it; none if it leaves the repository.
pub(super) fn resolve(from: &str, to: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    if to.starts_with('/') {
        return None;
    }
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
