//! A placement report as text for people: nodes that fit, best first, then the others, by id.

use std::fmt;

use super::{PlacementReport, ScoreTerm, Verdict};
use crate::identity::{Name, NodeId};

/// A row of the first table.
struct Fit<'a> {
    node: NodeId,
    name: &'a Name,
    terms: &'a [ScoreTerm],
    total: i64,
}

impl fmt::Display for PlacementReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fits: Vec<Fit<'_>> = self
            .verdicts
            .iter()
            .filter_map(|v| match &v.verdict {
                Verdict::Scored { terms, total } => Some(Fit {
                    node: v.node,
                    name: &v.name,
                    terms,
                    total: *total,
                }),
                Verdict::Refused(_) => None,
            })
            .collect();
        // Stable: equal totals stay by id.
        fits.sort_by_key(|fit| std::cmp::Reverse(fit.total));
        self.headline(f, fits.len())?;
        self.scored(f, &fits)?;
        self.unfit(f)
    }
}

impl PlacementReport {
    fn headline(&self, f: &mut fmt::Formatter<'_>, fitting: usize) -> fmt::Result {
        let strategy = self.strategy;
        let Some(chosen) = self.chosen else {
            return write!(f, "{strategy}: no placement, {}", self.summary());
        };
        match self.verdicts.iter().find(|v| v.node == chosen.node) {
            Some(verdict) => write!(f, "{strategy}: placed on {}, ", verdict.name)?,
            None => write!(f, "{strategy}: placed on {}, ", chosen.node)?,
        }
        match (fitting, self.verdicts.len()) {
            (1, 1) => f.write_str("the only node"),
            (1, nodes) => write!(f, "the only one that fits of {nodes} nodes"),
            (fitting, nodes) => write!(f, "best of {fitting} that fit, of {nodes} nodes"),
        }
    }

    fn scored(&self, f: &mut fmt::Formatter<'_>, fits: &[Fit<'_>]) -> fmt::Result {
        let Some(first) = fits.first() else { return Ok(()) };
        let scorers: Vec<String> = first
            .terms
            .iter()
            .map(|term| format!("{}×{}", term.scorer, term.weight))
            .collect();
        let widths: Vec<usize> = scorers.iter().map(|s| s.chars().count()).collect();
        let name_width = column("NODE", fits.iter().map(|fit| fit.name));
        write!(f, "\n\n  {:name_width$}  {:>10}", "NODE", "SCORE")?;
        for scorer in &scorers {
            write!(f, "  {scorer}")?;
        }
        for fit in fits {
            let chosen = self.chosen.is_some_and(|chosen| chosen.node == fit.node);
            let mark = if chosen { '*' } else { ' ' };
            write!(f, "\n{mark} {:name_width$}  {:>10}", fit.name, fit.total)?;
            for (term, width) in fit.terms.iter().zip(&widths) {
                write!(f, "  {:>width$}", term.value)?;
            }
        }
        Ok(())
    }

    fn unfit(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.refused().next().is_none() {
            return Ok(());
        }
        let width = column("NODE", self.refused().map(|(name, _)| name));
        write!(f, "\n\n  {:width$}  REFUSED", "NODE")?;
        for (name, refusal) in self.refused() {
            write!(f, "\n  {name:width$}  {refusal}")?;
        }
        Ok(())
    }
}

/// How wide a column with this heading and these names is.
fn column<'a>(heading: &str, names: impl Iterator<Item = &'a Name>) -> usize {
    names
        .map(|name| name.as_str().chars().count())
        .chain([heading.len()])
        .max()
        .unwrap_or(0)
}
