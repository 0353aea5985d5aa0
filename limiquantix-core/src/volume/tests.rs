use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::*;
use crate::identity::{Name, NodeId, PoolId, ProjectId, VolumeId};
use crate::resource::{
    Labels, Meta, Pool, PoolAllocation, PoolDriver, PoolSpec, PoolStatus, VolumeSource, VolumeSpec,
};
use crate::unit::{Bytes, Gibibytes, Percent};

const NOW: Timestamp = Timestamp(7);

fn name(text: &str) -> Name {
    Name::parse("name", text).unwrap()
}

fn node() -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(7))
}

fn volume(phase: VolumePhase) -> Volume {
    Volume {
        id: VolumeId::from_uuid(Uuid::from_u128(1)),
        meta: Meta::created(Timestamp(1), Labels::new()),
        name: name("data"),
        project: ProjectId::default(),
        spec: VolumeSpec {
            node: node(),
            pool: name("default"),
            size: Gibibytes(1),
            source: VolumeSource::Empty,
            vm: None,
        },
        phase,
    }
}

fn pool(capacity: Gibibytes, overcommit: u32) -> Pool {
    Pool {
        id: PoolId::from_uuid(Uuid::from_u128(2)),
        meta: Meta::created(Timestamp(1), Labels::new()),
        name: name("default"),
        spec: PoolSpec {
            node: node(),
            driver: PoolDriver::Directory,
            thin_overcommit: Percent(overcommit),
        },
        status: PoolStatus {
            capacity: capacity.bytes(),
            available: capacity.bytes(),
        },
    }
}

fn phase() -> impl Strategy<Value = VolumePhase> {
    select(VolumePhase::ALL)
}

proptest! {
    /// For a user: a volume that held data is taken for one that is still to be made.
    #[test]
    fn nothing_becomes_creating_again(way in proptest::collection::vec(phase(), 1..20)) {
        let mut volume = volume(VolumePhase::Creating);
        let mut made = false;
        for to in way {
            let Ok(next) = enter(&volume, to, NOW) else { continue };
            made |= next.phase != VolumePhase::Creating;
            prop_assert!(!made || next.phase != VolumePhase::Creating);
            // And nothing that was being removed comes back.
            if matches!(volume.phase, VolumePhase::Deleting | VolumePhase::Error) {
                prop_assert!(matches!(next.phase, VolumePhase::Deleting | VolumePhase::Error));
            }
            volume = next;
        }
    }

    #[test]
    fn a_refused_step_says_from_where_to_where(from in phase(), to in phase()) {
        let before = volume(from);
        match enter(&before, to, NOW) {
            Ok(after) => {
                prop_assert!(may_follow(from, to));
                prop_assert_eq!(after.phase, to);
                prop_assert_eq!(after.meta.updated_at == NOW, from != to);
            }
            Err(e) => {
                prop_assert!(!may_follow(from, to));
                prop_assert_eq!(e.reason(), Reason::WrongState);
                prop_assert!(e.message().contains(from.as_str()) && e.message().contains(to.as_str()));
            }
        }
        prop_assert!(may_follow(from, from), "staying is allowed");
    }

    /// For an operator: a pool promises more than it may, or space that was given back stays taken.
    #[test]
    fn a_pool_promises_what_it_may_and_gets_all_of_it_back(
        sizes in proptest::collection::vec(1u32..40, 1..60),
        capacity in 1u32..200,
        overcommit in 50u32..400,
    ) {
        let pool = pool(Gibibytes(capacity), overcommit);
        let empty = PoolAllocation::empty(&pool, pool.meta.clone());
        let mut allocation = empty.clone();
        let mut taken = Vec::new();
        for size in sizes.into_iter().map(Gibibytes) {
            let sum: u64 = taken.iter().map(|t: &Gibibytes| t.bytes().get()).sum();
            let fits = (sum + size.bytes().get()) as u128 * 100
                <= u128::from(Gibibytes(capacity).bytes().get()) * u128::from(overcommit);
            let before = allocation.clone();
            match allocation.reserve(&pool, &[size]) {
                Ok(()) => {
                    prop_assert!(fits);
                    taken.push(size);
                }
                Err(e) => {
                    prop_assert!(!fits);
                    prop_assert_eq!(e.reason(), Reason::PoolFull);
                    prop_assert_eq!(&allocation, &before);
                }
            }
            prop_assert_eq!(allocation.volumes as usize, taken.len());
        }
        for size in taken {
            allocation.release(size).unwrap();
        }
        prop_assert_eq!(&allocation, &empty);
        prop_assert_eq!(allocation.release(Gibibytes(1)).unwrap_err().reason(), Reason::Internal);
    }
}

#[test]
fn a_full_pool_says_what_it_has() {
    let pool = pool(Gibibytes(10), 200);
    let mut allocation = PoolAllocation::empty(&pool, pool.meta.clone());
    allocation.reserve(&pool, &[Gibibytes(10), Gibibytes(5)]).unwrap();
    let e = allocation
        .reserve(&pool, &[Gibibytes(2), Gibibytes(4)])
        .unwrap_err();
    assert_eq!(
        e.message(),
        "pool default is full: 6 GiB more are needed, and 15 GiB of 20 GiB are promised (10 GiB of space, \
         overcommitted to 200 %)"
    );
    assert_eq!(e.get("limit"), Some(Bytes(20 << 30).to_string().as_str()));
    allocation.reserve(&pool, &[Gibibytes(5)]).unwrap();
}
