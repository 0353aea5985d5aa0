//! Clients, each with VMs of its own, and what they were told.

use std::collections::BTreeMap;

use limiquantix_core::{Error, ErrorKind, Reason};
use limiquantix_proto::compute::v1::{
    CpuConfig, CreateVMRequest, DeleteVMRequest, DiskConfig, MemoryConfig, RebootVMRequest, StartVMRequest,
    StopVMRequest, VirtualMachine, VmSpec,
};
use tokio_util::sync::CancellationToken;

use crate::harness::api::{Api, Mutation};
use crate::harness::random::Random;

/// The most VMs of one client at a time.
const VMS: usize = 6;

/// One client.
pub(super) struct Client {
    number: usize,
    api: Api,
    random: Random,
    vms: Vec<Owned>,
    said: Ledger,
}

/// What the clients were told, all together.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Every mutation that was accepted, by the task that it got.
    pub(super) accepted: BTreeMap<String, &'static str>,
    pub(super) refused: u32,
    /// Calls that were made again later, and had to be answered as before.
    pub(super) compared: u32,
    /// What became of every VM.
    pub(super) vms: BTreeMap<String, Fate>,
}

/// What a VM's owner was last told.
#[derive(Debug, Clone, Default)]
pub(super) struct Fate {
    pub(super) deleted: bool,
    pub(super) on: bool,
    /// How often it was accepted that it be started.
    pub(super) starts: usize,
}

struct Owned {
    id: String,
    fate: Fate,
}

impl Ledger {
    pub(super) fn of(parts: Vec<Self>) -> Self {
        let mut whole = Self::default();
        for part in parts {
            for (task, what) in part.accepted {
                assert!(
                    whole.accepted.insert(task, what).is_none(),
                    "a task belongs to one call"
                );
            }
            whole.vms.extend(part.vms);
            whole.refused += part.refused;
            whole.compared += part.compared;
        }
        whole
    }
}

impl Client {
    pub(super) fn new(number: usize, api: Api, random: Random) -> Self {
        Self {
            number,
            api,
            random,
            vms: Vec::new(),
            said: Ledger::default(),
        }
    }

    /// Works until it is enough.
    pub(super) async fn work(mut self, enough: CancellationToken) -> Ledger {
        let mut earlier: Vec<(Mutation, VirtualMachine)> = Vec::new();
        let mut made = 0;
        while !enough.is_cancelled() {
            if self.random.percent(10)
                && let Some((mutation, answer)) = self.random.pick(&earlier)
            {
                let again = self.api.mutate(mutation).await;
                let again = again.unwrap_or_else(|e| panic!("{mutation:?} was accepted before: {e:?}"));
                assert_eq!(again, *answer, "the same answer as the first time: {mutation:?}");
                self.said.compared += 1;
                continue;
            }
            made += 1;
            let (what, mutation, of) = self.choose(made);
            match self.api.mutate(&mutation).await {
                Ok(vm) => {
                    self.note(what, of, &vm);
                    if self.random.percent(25) {
                        self.api.ended(&vm.current_task_id).await;
                    }
                    earlier.push((mutation, vm));
                }
                Err(e) => self.refused(&mutation, &e),
            }
        }
        let owned = self.vms.drain(..).map(|vm| (vm.id, vm.fate));
        self.said.vms.extend(owned);
        self.said
    }

    /// What to do next, and to which of its VMs.
    fn choose(&mut self, made: u32) -> (&'static str, Mutation, Option<usize>) {
        let request_id = self.random.request_id();
        let of = self.random.below(self.vms.len().max(1) as u64) as usize;
        let dice = self.random.below(100);
        let id = match self.vms.get(of) {
            Some(vm) if self.vms.len() >= VMS || dice >= 25 => vm.id.clone(),
            _ => {
                let request = CreateVMRequest {
                    name: format!("vm-{}-{made}", self.number),
                    spec: spec().into(),
                    start: self.random.percent(70),
                    request_id,
                    ..Default::default()
                };
                return ("create", Mutation::Create(Box::new(request)), None);
            }
        };
        let (what, mutation) = match self.random.below(100) {
            0..30 => {
                let request = StartVMRequest {
                    id,
                    request_id,
                    ..Default::default()
                };
                ("start", Mutation::Start(request))
            }
            30..60 => {
                let request = StopVMRequest {
                    id,
                    request_id,
                    force: self.random.percent(50),
                    ..Default::default()
                };
                ("stop", Mutation::Stop(request))
            }
            60..75 => {
                let request = RebootVMRequest {
                    id,
                    request_id,
                    force: self.random.percent(50),
                    ..Default::default()
                };
                ("reboot", Mutation::Reboot(request))
            }
            _ => {
                let request = DeleteVMRequest {
                    id,
                    request_id,
                    force: self.random.percent(70),
                    ..Default::default()
                };
                ("delete", Mutation::Delete(request))
            }
        };
        (what, mutation, Some(of))
    }

    fn note(&mut self, what: &'static str, of: Option<usize>, vm: &VirtualMachine) {
        assert!(!vm.current_task_id.is_empty(), "{what} has a task: {vm:?}");
        let known = self.said.accepted.insert(vm.current_task_id.clone(), what);
        assert!(known.is_none(), "{what} got the task of {known:?}");
        let on = vm.desired_power == limiquantix_proto::compute::v1::PowerState::On;
        let Some(of) = of else {
            self.vms.push(Owned {
                id: vm.id.clone(),
                fate: Fate {
                    on,
                    starts: usize::from(on),
                    deleted: false,
                },
            });
            return;
        };
        let fate = &mut self.vms[of].fate;
        match what {
            "start" => {
                fate.on = true;
                fate.starts += 1;
            }
            "stop" => fate.on = false,
            "delete" => {
                let mut gone = self.vms.swap_remove(of);
                gone.fate.deleted = true;
                self.said.vms.insert(gone.id, gone.fate);
            }
            _ => {}
        }
    }

    /// A refusal must be one that the VM's state explains.
    fn refused(&mut self, mutation: &Mutation, e: &Error) {
        let explained = matches!(e.kind(), ErrorKind::FailedPrecondition | ErrorKind::Conflict)
            || e.reason() == Reason::NoNodeFits;
        assert!(explained, "{mutation:?}: {e:?}");
        self.said.refused += 1;
    }
}

fn spec() -> VmSpec {
    VmSpec {
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
        disks: vec![DiskConfig {
            size_gib: 1,
            image: "probe.qcow2".to_owned(),
            ..Default::default()
        }],
        ..Default::default()
    }
}
