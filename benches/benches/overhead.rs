//! The control plane's share of creating a VM: from the client's call of CreateVM, over the wire, through
//! placement and a durable commit on SQLite, to the agent's call into the hypervisor.
//!
//! The baseline, in the same run: a call over the same wire that only reads one object.

#![allow(missing_docs, clippy::expect_used, reason = "a bench")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use limiquantix_benches::TestBed;
use limiquantix_proto::compute::v1::boot_config::Source;
use limiquantix_proto::compute::v1::{
    BootConfig, CpuConfig, CreateVMRequest, DirectKernel, GetVMRequest, MemoryConfig, VmSpec,
};
use tokio::runtime::Runtime;

fn create(name: &str) -> CreateVMRequest {
    let kernel = DirectKernel {
        kernel: "probe-kernel".into(),
        ..Default::default()
    };
    let boot = BootConfig {
        source: Some(Source::Kernel(Box::new(kernel))),
        ..Default::default()
    };
    CreateVMRequest {
        name: name.to_owned(),
        spec: VmSpec {
            cpu: CpuConfig {
                cores: 1,
                ..Default::default()
            }
            .into(),
            memory: MemoryConfig {
                size_mib: 512,
                ..Default::default()
            }
            .into(),
            boot: boot.into(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

fn overhead(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let _entered = runtime.enter();
    let bed = runtime.block_on(TestBed::start());
    let told = runtime.block_on(bed.add_node("node-1"));
    let vms = bed.vms();
    let number = AtomicU32::new(0);
    let mut group = c.benchmark_group("control_plane");
    group
        .sample_size(50)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(8));
    group.bench_function("create_vm_to_hypervisor_call", |b| {
        b.iter_custom(|rounds| {
            runtime.block_on(async {
                let mut total = Duration::ZERO;
                for _ in 0..rounds {
                    let name = format!("vm{}", number.fetch_add(1, Ordering::Relaxed));
                    let begun = Instant::now();
                    vms.create_vm(create(&name)).await.expect("accepted");
                    total += told.defined(&name).await.duration_since(begun);
                }
                total
            })
        });
    });
    group.bench_function("baseline_get_vm", |b| {
        let request = GetVMRequest {
            name: "vm0".into(),
            ..Default::default()
        };
        b.iter(|| runtime.block_on(async { vms.get_vm(request.clone()).await.expect("found") }));
    });
    group.finish();
}

criterion_group!(benches, overhead);
criterion_main!(benches);
