/// Makes one `#[test]` for every case of the store's conformance suite.
///
/// `harness` is an expression that makes a [`StoreHarness`](crate::store::StoreHarness); `durable` says
/// whether acknowledged commits survive the end of the store (`yes`, or `no` to have those cases reported
/// as ignored).
#[macro_export]
macro_rules! store_conformance {
    (harness: $harness:expr, durable: yes $(,)?) => {
        $crate::store_conformance! { @all $harness, [] }
    };
    (harness: $harness:expr, durable: no $(,)?) => {
        $crate::store_conformance! { @all $harness, [#[ignore = "this backend keeps nothing across a restart"]] }
    };
    (@all $harness:expr, $durable:tt) => {
        $crate::store_conformance! { @group $harness, [], commit:
            all_writes_happen_together,
            revisions_are_consecutive,
            the_commit_has_the_objects_as_stored,
            changes_keep_the_order_of_the_changeset,
            every_kind_is_stored_as_it_was,
            anything_valid_is_stored_as_it_was,
            the_revision_in_a_new_object_is_ignored,
            one_unmet_condition_undoes_all,
            what_must_be_refused_is_refused,
            an_empty_changeset_is_internal,
            a_key_written_twice_is_internal,
            a_large_changeset_is_one_commit,
            ids_are_per_kind,
            a_deleted_object_may_be_created_again,
        }
        $crate::store_conformance! { @group $harness, [], preconditions:
            creating_what_exists_is_id_taken,
            updating_a_stale_version_is_a_mismatch,
            updating_what_is_missing_is_a_mismatch,
            deleting_a_stale_version_is_a_mismatch,
            deleting_what_is_missing_is_a_mismatch,
            an_update_without_change_is_a_commit,
            a_guard_holds_at_its_version_only,
            a_guard_of_absence_holds_while_absent,
            guards_see_the_state_before_the_changeset,
            of_two_updates_of_one_version_one_wins,
        }
        $crate::store_conformance! { @group $harness, [], names:
            a_name_is_unique_in_its_project,
            a_name_is_free_in_another_project_and_kind,
            renaming_to_a_taken_name_is_refused,
            an_object_keeps_its_name_through_updates,
            names_may_be_swapped_in_one_changeset,
            a_name_may_pass_on_in_one_changeset,
            a_name_is_free_after_its_object_is_deleted,
            a_name_is_free_after_a_rename,
            one_changeset_cannot_take_a_name_twice,
            a_refused_changeset_takes_no_name,
            kinds_without_unique_names_share_them,
            of_many_creations_of_one_name_one_wins,
        }
        $crate::store_conformance! { @group $harness, [], reads:
            an_empty_store_has_revision_zero,
            what_is_missing_is_none,
            every_acknowledged_commit_is_read,
            a_page_shows_one_revision,
            a_page_never_shows_half_a_commit,
        }
        $crate::store_conformance! { @group $harness, [], pages:
            items_ascend_by_id,
            items_are_in_the_order_asked_for,
            a_walk_in_any_order_returns_everything_once,
            a_walk_returns_everything_once,
            the_last_page_has_no_next,
            a_page_may_begin_after_an_id_that_is_not_there,
            limits_out_of_bounds_are_invalid,
            a_count_is_of_all_matches,
            a_walk_survives_concurrent_writes,
        }
        $crate::store_conformance! { @group $harness, [], selectors:
            by_project,
            by_name,
            by_node,
            by_phase,
            by_label,
            by_filter,
            a_filter_that_matches_little_is_read_in_bounded_pages,
            all_conditions_must_hold,
            indexes_follow_every_change,
            strange_text_is_only_text,
            any_selector_agrees_with_a_filter,
        }
        $crate::store_conformance! { @group $harness, [], watch:
            from_zero_it_shows_everything,
            from_the_middle_it_shows_the_rest,
            from_the_present_it_shows_only_what_comes,
            a_commit_arrives_whole,
            a_refused_changeset_is_not_seen,
            changes_have_before_and_after,
            only_the_kinds_asked_for,
            objects_enter_and_leave_the_view,
            empty_commits_advance_the_position,
            the_future_is_invalid,
            a_list_and_a_watch_miss_nothing,
            concurrent_watches_see_the_same,
            a_slow_watch_delays_nobody,
            dropped_watches_leave_nothing_behind,
        }
        $crate::store_conformance! { @group $harness, [], resume:
            a_watch_resumes_at_every_position,
            an_expired_revision_is_refused,
            the_kept_commits_can_all_be_watched,
            a_watch_left_behind_ends_with_expired,
        }
        $crate::store_conformance! { @group $harness, [], contention:
            concurrent_increments_add_up,
            concurrent_reservations_never_exceed_capacity,
            concurrent_changes_make_one_history,
            cancelled_commits_happen_whole_or_not_at_all,
        }
        $crate::store_conformance! { @group $harness, [], model:
            any_history_agrees_with_the_model,
        }
        $crate::store_conformance! { @group $harness, $durable, durability:
            acknowledged_commits_survive,
            revisions_continue,
            names_stay_taken,
            indexes_are_still_there,
            a_watch_resumes_across_a_restart,
            what_expired_stays_expired,
            any_history_survives,
        }
    };
    (@group $harness:expr, $attributes:tt, $group:ident: $($case:ident,)*) => {
        mod $group {
            #[allow(unused_imports)]
            use super::*;
            $($crate::store_conformance! { @case $harness, $attributes, $group, $case })*
        }
    };
    (@case $harness:expr, [$($attribute:tt)*], $group:ident, $case:ident) => {
        $($attribute)*
        #[test]
        fn $case() {
            $crate::store::run(&$harness, |h| ::std::boxed::Box::pin($crate::store::$group::$case(h)));
        }
    };
}
