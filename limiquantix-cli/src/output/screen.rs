//! The terminal behind standard error.

/// Columns of the terminal; 80 where there is none to ask.
pub(super) fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    size.map(|size| usize::from(size.ws_col))
        .ok()
        .filter(|columns| *columns > 0)
        .unwrap_or(80)
}
