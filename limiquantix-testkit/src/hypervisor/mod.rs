//! The sentences of the [`Hypervisor`](limiquantix_core::contract::Hypervisor) contract, as tests.
//!
//! An implementation writes a [`Rig`] (what is needed to reach the guests past the contract) and calls
//! [`hypervisor_conformance!`](crate::hypervisor_conformance): every case becomes a test of its own. A
//! case uses one fresh VM, never looks at machines it did not make, and fails by panicking.

mod rig;

pub mod agent;
pub mod console;
pub mod definition;
pub mod epochs;
pub mod events;
pub mod power;
pub mod snapshots;

pub use rig::{Disturbance, Guest, Rig, run_case};

/// Makes one test per case. `$rig` is an expression for a future of `Option<impl Rig>`; with `None` the case
/// is skipped, and saying so (or failing) is that expression's business.
#[macro_export]
macro_rules! hypervisor_conformance {
    ($rig:expr) => {
        $crate::hypervisor_conformance!(@cases $rig;
            agent: [
                facts_are_plausible,
                a_new_agent_finds_the_guest_running,
            ],
            definition: [
                a_definition_is_there_once_and_is_off,
                a_changed_definition_keeps_the_run_mark,
                redefining_a_running_guest_leaves_it_running,
                a_missing_image_defines_nothing,
                an_unknown_pool_defines_nothing,
                an_undefined_vm_is_not_found_or_fine,
                absence_takes_everything_along,
            ],
            power: [
                running_twice_is_running_once,
                a_forced_stop_is_over_when_it_returns,
                a_guest_that_does_not_listen_is_forced,
                a_guest_that_listens_shuts_down,
                a_guest_that_powers_itself_off_did_so,
                a_guest_destroyed_on_the_node_says_so,
                a_crash_is_not_a_shutdown,
                a_restart_forgets_the_old_cause,
                a_reset_guest_boots_again,
                a_machine_that_is_off_cannot_reboot,
                a_suspended_guest_waits_and_goes_on,
                a_suspended_guest_can_be_powered_off,
                starting_what_is_suspended_resumes_it,
                what_is_off_is_neither_suspended_nor_resumed,
            ],
            snapshots: [
                a_snapshot_is_taken_once_and_changes_nothing,
                memory_is_kept_of_what_is_on_and_of_nothing_else,
                what_ran_goes_back_and_is_marked,
                what_was_off_goes_back_and_stays_off,
                no_old_permission_comes_back_with_a_snapshot,
                a_new_definition_leaves_snapshots_alone,
                one_snapshot_is_removed_and_the_others_stay,
                snapshots_end_with_the_machine,
            ],
            epochs: [
                every_verb_refuses_a_lower_epoch,
                every_verb_raises_the_epoch,
                the_epoch_survives_the_agent,
                the_epoch_ends_with_the_definition,
            ],
            events: [
                every_change_is_told_to_every_listener,
                a_stop_on_the_node_is_told_within_a_second,
            ],
            console: [
                the_log_has_the_greeting_and_is_read_in_pieces,
                the_log_goes_on_over_restarts,
                what_is_typed_comes_back,
                the_second_opener_takes_the_console_over,
                the_console_ends_with_the_guest,
            ],
        );
    };
    (@cases $rig:expr; $($module:ident: [$($case:ident,)*],)*) => {$(
        mod $module {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(rig) = $rig.await {
                        $crate::hypervisor::run_case(&rig, $crate::hypervisor::$module::$case(&rig)).await;
                    }
                }
            )*
        }
    )*};
}
