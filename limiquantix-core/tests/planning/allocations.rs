//! An allocator that counts, and that deciding asks it for nothing.

#![allow(
    unsafe_code,
    reason = "the allocator's trait is unsafe; all calls go straight to the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    /// Per thread, so that tests that run beside each other do not count each other's.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged, which keeps the contract. Counting
// neither allocates (the cell is initialised at compile time and has no destructor) nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's promise about `layout` is the one that is asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: `memory` came from `alloc` above, hence from the system, with this layout.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often this thread allocates while `work` runs.
pub(crate) fn count<T>(work: impl FnOnce() -> T) -> u64 {
    let before = COUNT.get();
    std::hint::black_box(work());
    COUNT.get() - before
}
