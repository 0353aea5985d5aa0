use std::path::Path;

use limiquantix_core::contract::{Firmware, Machine};
use limiquantix_core::error::{Error, Reason, Result};

use limiquantix_core::identity::Name;
use virt::error::ErrorNumber;

use super::domain::{Ours, lookup};
use crate::connection::Session;
use crate::domain_xml::{Blueprint, Disk, Kernel, Mark, Nic, Plug, domain_name, render};
use crate::error::{CallResult, optional};
use crate::places::{self, Places};
use crate::seed;

pub(super) fn ensure(session: &Session, places: &Places, machine: &Machine) -> CallResult<()> {
    let (vm, digest) = (machine.vm, machine.digest());
    let mut known = match lookup(session, vm)? {
        None => None,
        Some(domain) => {
            let ours = Ours::of(vm, domain)?;
            // An id of ours on a domain of somebody else: an accident that must not become a second one.
            let foreign = || {
                Error::new(
                    Reason::HypervisorFailed,
                    format!("a domain with the id {vm} is not ours"),
                )
            };
            Some(ours.ok_or_else(foreign)?)
        }
    };
    if let Some(ours) = &known {
        ours.check_epoch(machine.epoch)?;
    }
    let parts = Parts::find(places, machine)?;
    let seed = places.seed(vm);
    let unchanged = known.as_ref().is_some_and(|ours| ours.mark.digest == digest);
    match &machine.cloud_init {
        // The digest covers the seed's content too; only the file itself may have been lost.
        Some(cloud_init) if !unchanged || !seed.exists() => {
            seed::write(&seed, vm, &machine.name, cloud_init)?;
        }
        Some(_) => {}
        None => places::remove(&seed)?,
    }
    if let Some(ours) = known.as_mut().filter(|_| unchanged) {
        let mark = Mark {
            epoch: machine.epoch,
            ..ours.mark.clone()
        };
        return ours.record(mark);
    }
    let mark = Mark {
        project: machine.project.to_string(),
        epoch: machine.epoch,
        digest,
        last_run: known.as_ref().and_then(|ours| ours.mark.last_run),
        asked: known.as_ref().and_then(|ours| ours.mark.asked),
    };
    // libvirt cannot rename a running domain, so a VM keeps the name that it was first defined under; its title
    // is always the present one.
    let name = match &known {
        Some(ours) => ours.domain.name()?,
        None => domain_name(&machine.name, vm),
    };
    let nics = nics(session, machine)?;
    let xml = render(&parts.blueprint(places, machine, name, mark, nics))?;
    session.go_on()?;
    session.connect().define_domain_xml(&xml)?;
    Ok(())
}

/// The files that a machine refers to, found.
struct Parts {
    kernel: Option<Kernel>,
    disks: Vec<Disk>,
}

impl Parts {
    fn find(places: &Places, machine: &Machine) -> Result<Self> {
        let kernel = match &machine.firmware {
            Firmware::Disk => None,
            Firmware::Kernel {
                pool,
                kernel,
                initrd,
                cmdline,
            } => {
                let pool = places.pool(pool)?;
                Some(Kernel {
                    kernel: pool.image(kernel)?,
                    initrd: initrd.as_ref().map(|i| pool.image(i)).transpose()?,
                    cmdline: cmdline.clone(),
                })
            }
        };
        let disks = machine.disks.iter().map(|disk| {
            let pool = places.pool(&disk.pool)?;
            let path = pool.volume(disk.volume);
            if !path.is_file() {
                let words = format!("no volume {} in pool {}", disk.volume, disk.pool);
                return Err(Error::new(Reason::StorageFailed, words));
            }
            // A virtio disk has room for 20 characters.
            let serial = disk.volume.uuid().simple().to_string().chars().take(20).collect();
            Ok(Disk {
                path,
                serial,
                cache: pool.cache,
            })
        });
        Ok(Self {
            kernel,
            disks: disks.collect::<Result<_>>()?,
        })
    }

    fn blueprint(
        self,
        places: &Places,
        machine: &Machine,
        name: String,
        mark: Mark,
        nics: Vec<Nic>,
    ) -> Blueprint {
        Blueprint {
            vm: machine.vm,
            name,
            title: machine.name.to_string(),
            mark,
            accel: machine.accel,
            cores: machine.cores.get(),
            memory_mib: machine.memory.get(),
            kernel: self.kernel,
            disks: self.disks,
            seed: machine.cloud_init.is_some().then(|| places.seed(machine.vm)),
            nics,
            console_log: places.console_log(machine.vm),
        }
    }
}

fn nics(session: &Session, machine: &Machine) -> CallResult<Vec<Nic>> {
    let nics = machine.nics.iter().map(|(network, mac, model)| {
        Ok(Nic {
            plug: plug(session, network)?,
            mac: mac.to_string(),
            model: *model,
        })
    });
    nics.collect()
}

/// A network of libvirt if there is one of that name, else a bridge of the host if there is; else a network again,
/// whose absence libvirt reports at the start in terms that the user knows.
fn plug(session: &Session, name: &Name) -> CallResult<Plug> {
    let known = session.connect().lookup_network_by_name(name.as_str());
    if optional(known, ErrorNumber::NoNetwork)?.is_some() {
        return Ok(Plug::Network(name.to_string()));
    }
    // A name cannot have a slash, nor be a dot, so it is one component of the path.
    let is_bridge = Path::new("/sys/class/net")
        .join(name.as_str())
        .join("bridge")
        .is_dir();
    let plug = if is_bridge { Plug::Bridge } else { Plug::Network };
    Ok(plug(name.to_string()))
}
