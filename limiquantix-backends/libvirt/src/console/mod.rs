//! A guest's serial console: its log in files, and the line itself for reading and typing.

mod interactive;
mod log;
#[cfg(test)]
mod tests;

pub(crate) use interactive::open;
pub(crate) use log::{read_log, remove_log};
