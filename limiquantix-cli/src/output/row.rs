//! What an object shows of itself.

use std::time::SystemTime;

use serde::Serialize;

/// An object that can be a line of a table.
pub(crate) trait Row: Serialize + Sized + 'static {
    /// What it is, singular.
    const KIND: &'static str;

    /// What people call it.
    fn name(&self) -> &str;

    /// Its columns, the most wanted first.
    fn columns() -> &'static [Column<Self>];

    /// All of it for people, as named lines. Empty ones are left out.
    fn details(&self, now: SystemTime) -> Vec<(&'static str, String)>;
}

/// One column.
pub(crate) struct Column<T: 'static> {
    /// Its title, in capitals. In CSV, lower-case with underscores.
    pub(crate) title: &'static str,
    /// Only in `-o wide` and `-o csv`.
    pub(crate) wide: bool,
    /// Its value; ages count from the second argument.
    pub(crate) cell: fn(&T, SystemTime) -> Cell,
}

impl<T> Column<T> {
    /// A column of every table.
    pub(crate) const fn new(title: &'static str, cell: fn(&T, SystemTime) -> Cell) -> Self {
        Self {
            title,
            wide: false,
            cell,
        }
    }

    /// A column that only wide tables have.
    pub(crate) const fn wide(title: &'static str, cell: fn(&T, SystemTime) -> Cell) -> Self {
        Self {
            title,
            wide: true,
            cell,
        }
    }
}

/// A value in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    /// For people.
    pub(crate) text: String,
    /// For programs: no units, no rounding.
    pub(crate) plain: String,
    /// How it feels.
    pub(crate) tone: Tone,
}

impl Cell {
    /// The same value for people and programs.
    pub(crate) fn new(value: impl Into<String>) -> Self {
        let text = value.into();
        Self {
            plain: text.clone(),
            text,
            tone: Tone::Neutral,
        }
    }

    /// Another value for programs than for people.
    pub(crate) fn both(text: impl Into<String>, plain: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            plain: plain.into(),
            tone: Tone::Neutral,
        }
    }

    /// Colours it.
    pub(crate) fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// What a value means to whoever looks for trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// On its way.
    Changing,
    /// Wrong.
    Bad,
    /// Of no interest.
    Idle,
    /// Not a matter of good and bad.
    Neutral,
}

impl Tone {
    /// The text in this tone's colour.
    pub(crate) fn paint(self, text: &str) -> String {
        let code = match self {
            Self::Good => 32,
            Self::Changing => 33,
            Self::Bad => 31,
            Self::Idle => 2,
            Self::Neutral => return text.to_owned(),
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
