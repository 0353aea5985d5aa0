//! Reading from a control plane that knows 100,000 VMs, on SQLite: in the server (the service method, without
//! the wire) and over the wire.

#![allow(missing_docs, clippy::expect_used, reason = "a bench")]

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use limiquantix_benches::TestBed;
use limiquantix_core::contract::{Changeset, PageRequest, Selector};
use limiquantix_core::identity::{ProjectId, VmId};
use limiquantix_core::resource::VmPhase;
use limiquantix_proto::compute::v1::{GetVMRequest, ListVMsRequest, VmState};
use limiquantix_testkit::fixtures;
use tokio::runtime::Runtime;

const VMS: usize = 100_000;
const PER_COMMIT: usize = 5_000;

async fn populate(bed: &TestBed) -> Vec<VmId> {
    let mut ids = Vec::with_capacity(VMS);
    for batch in 0..VMS / PER_COMMIT {
        let mut changes = Changeset::new();
        for i in 0..PER_COMMIT {
            let number = batch * PER_COMMIT + i;
            let mut vm = fixtures::vm_in(&format!("project-{}", number % 20), &format!("vm{number}"));
            vm.status.phase = if number.is_multiple_of(3) {
                VmPhase::Running
            } else {
                VmPhase::Stopped
            };
            ids.push(vm.id);
            changes.create(vm);
        }
        bed.control_plane.store().commit(changes).await.expect("stored");
    }
    ids
}

fn reads(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let _entered = runtime.enter();
    let bed = runtime.block_on(TestBed::start());
    let ids = runtime.block_on(populate(&bed));
    let service = bed.control_plane.vms();
    let client = bed.vms();
    let mut group = c.benchmark_group("of_100000_vms");
    group
        .sample_size(50)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5));

    let page = PageRequest {
        limit: 50,
        after: Some(ids[VMS / 2].to_string()),
        ..PageRequest::default()
    };
    group.bench_function("list_page_of_50/service", |b| {
        let page = page.clone();
        b.iter(|| {
            runtime
                .block_on(service.list(Selector::default(), page.clone()))
                .expect("listed")
        });
    });
    let filtered = Selector {
        project: Some(ProjectId::parse("project_id", "project-7").expect("an id")),
        phases: vec![VmPhase::Running.as_str()],
        ..Selector::default()
    };
    group.bench_function("list_page_of_50_by_project_and_state/service", |b| {
        let page = PageRequest {
            limit: 50,
            ..PageRequest::default()
        };
        b.iter(|| {
            runtime
                .block_on(service.list(filtered.clone(), page.clone()))
                .expect("listed")
        });
    });
    group.bench_function("list_page_of_50_by_project_and_state/wire", |b| {
        let request = ListVMsRequest {
            project_id: "project-7".into(),
            state: VmState::Running.into(),
            page_size: 50,
            ..Default::default()
        };
        b.iter(|| runtime.block_on(async { client.list_vms(request.clone()).await.expect("listed") }));
    });
    group.bench_function("get_vm/service", |b| {
        let mut i = 0;
        b.iter(|| {
            i = (i + 7919) % VMS;
            runtime.block_on(service.get(ids[i])).expect("found")
        });
    });
    group.bench_function("get_vm/wire", |b| {
        let mut i = 0;
        b.iter(|| {
            i = (i + 7919) % VMS;
            let request = GetVMRequest {
                id: ids[i].to_string(),
                ..Default::default()
            };
            runtime.block_on(async { client.get_vm(request).await.expect("found") })
        });
    });
    group.finish();
}

criterion_group!(benches, reads);
criterion_main!(benches);
