//! In-memory reference implementation of the LimiQuantix store contract.
//!
//! ```text
//!  commit ──► check ──► apply to objects and postings ──► append to log ──► raise revision
//!                                                           │                    │ wakes
//!  watch  ◄── filter ◄── read the log from one's own position ◄──────────────────┘
//!
//!  options   how much of the log is kept
//!  state     objects, unique names, postings (for selectors), log: everything behind one lock
//!  commit    the changeset's rules, decided before anything is touched
//!  list      pages: candidates from the smallest posting, then the selector itself
//!  watch     followers pull from the log; each owns a position and nothing else
//! ```
//!
//! What a store must do is easiest to read here; the others must agree with it, case by case, through the
//! suite in `limiquantix-testkit`. For tests, demos and embedding without a disk: nothing outlives the
//! process, and [`MemoryStore`] says so by having nowhere to put it.

mod commit;
mod list;
mod options;
mod state;
mod store;
mod watch;

pub use options::Options;
pub use store::MemoryStore;
