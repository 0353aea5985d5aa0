//! Flags that describe a VM, shared by everything that creates or imagines one.

use std::io::Read;

use limiquantix_proto::compute::v1::{
    AccelMode, BootConfig, CloudInit, CpuConfig, DirectKernel, DiskConfig, MemoryConfig, NicConfig, NicModel,
    VmSpec,
};

use crate::failure::Failure;
use crate::quantity::{disk_gib, memory_mib, type_mib};

/// Size of the first disk of a VM made from an image, in GiB. It is an overlay: what is not written takes
/// no room.
const IMAGE_DISK_GIB: i32 = 20;

/// What a VM is to be.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SpecArgs {
    /// Virtual cores
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..))]
    cpus: i32,
    /// Memory: 512M, 2G, 1.5G; a bare number is in MiB
    #[arg(long, value_name = "SIZE", default_value = "512M", value_parser = memory_mib)]
    memory: i32,
    /// A disk: 20G, 1T; a bare number is in GiB. May be given more than once; the first holds the image
    #[arg(long = "disk", value_name = "SIZE", value_parser = disk_gib)]
    disks: Vec<i32>,
    /// Storage pool of disks, kernel and initial RAM disk
    #[arg(long, value_name = "NAME")]
    pool: Option<String>,
    /// Boot this kernel, an image in the pool, instead of a disk
    #[arg(long, value_name = "IMAGE")]
    kernel: Option<String>,
    /// Initial RAM disk for the kernel, an image in the pool
    #[arg(long, value_name = "IMAGE", requires = "kernel")]
    initrd: Option<String>,
    /// Command line for the kernel
    #[arg(long, value_name = "TEXT", requires = "kernel", allow_hyphen_values = true)]
    cmdline: Option<String>,
    /// cloud-init user data; - reads standard input
    #[arg(long, value_name = "FILE")]
    user_data: Option<String>,
    /// A network interface: its network, then ,mac=MAC and ,model=virtio or e1000e if wanted. May be given more than once
    #[arg(long = "nic", value_name = "NETWORK", value_parser = nic)]
    nics: Vec<NicConfig>,
    /// Only nodes with this label; may be given more than once
    #[arg(long = "node-selector", value_name = "KEY=VALUE", value_parser = label)]
    node_selector: Vec<(String, String)>,
    /// How the guest's instructions are executed
    #[arg(long, value_name = "MODE", default_value = "auto")]
    accel: Accel,
}

/// Ways of executing a guest.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Accel {
    /// KVM where the node has it, otherwise TCG
    Auto,
    /// Hardware virtualization
    Kvm,
    /// Software emulation: works everywhere, slowly
    Tcg,
}

impl SpecArgs {
    /// The specification; `image` is what the first disk is made from.
    pub(crate) fn spec(&self, image: Option<&str>) -> Result<VmSpec, Failure> {
        let spec = VmSpec {
            cpu: CpuConfig {
                cores: self.cpus,
                ..Default::default()
            }
            .into(),
            memory: MemoryConfig {
                size_mib: self.memory,
                ..Default::default()
            }
            .into(),
            disks: self.disks(image),
            nics: self.nics.clone(),
            boot: self.boot().map(Into::into).unwrap_or_default(),
            cloud_init: self.cloud_init()?.map(Into::into).unwrap_or_default(),
            node_selector: self.node_selector.iter().cloned().collect(),
            accel: match self.accel {
                Accel::Auto => AccelMode::Auto,
                Accel::Kvm => AccelMode::Kvm,
                Accel::Tcg => AccelMode::Tcg,
            }
            .into(),
            ..Default::default()
        };
        Ok(spec)
    }

    /// `lqx explain placement` for the same VM, to be typed after no node could take it.
    pub(crate) fn explanation(&self) -> String {
        let mut text = format!(
            "lqx explain placement --cpus {} --memory {}",
            self.cpus,
            type_mib(self.memory)
        );
        for size in &self.disks {
            text.push_str(&format!(" --disk {size}G"));
        }
        if let Some(pool) = &self.pool {
            text.push_str(&format!(" --pool {pool}"));
        }
        for (key, value) in &self.node_selector {
            text.push_str(&format!(" --node-selector {key}={value}"));
        }
        match self.accel {
            Accel::Auto => {}
            Accel::Kvm => text.push_str(" --accel kvm"),
            Accel::Tcg => text.push_str(" --accel tcg"),
        }
        text
    }

    fn disks(&self, image: Option<&str>) -> Vec<DiskConfig> {
        let mut sizes = self.disks.clone();
        if image.is_some() && sizes.is_empty() {
            sizes.push(IMAGE_DISK_GIB);
        }
        let disk = |(position, size_gib): (usize, i32)| DiskConfig {
            size_gib,
            image: image.filter(|_| position == 0).unwrap_or_default().to_owned(),
            pool: self.pool.clone().unwrap_or_default(),
            ..Default::default()
        };
        sizes.into_iter().enumerate().map(disk).collect()
    }

    fn boot(&self) -> Option<BootConfig> {
        let kernel = DirectKernel {
            kernel: self.kernel.clone()?,
            initrd: self.initrd.clone().unwrap_or_default(),
            cmdline: self.cmdline.clone().unwrap_or_default(),
            pool: self.pool.clone().unwrap_or_default(),
            ..Default::default()
        };
        Some(BootConfig {
            source: kernel.into(),
            ..Default::default()
        })
    }

    fn cloud_init(&self) -> Result<Option<CloudInit>, Failure> {
        let Some(file) = &self.user_data else {
            return Ok(None);
        };
        let mut user_data = String::new();
        let read = match file.as_str() {
            "-" => std::io::stdin().lock().read_to_string(&mut user_data),
            path => std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut user_data)),
        };
        read.map_err(|error| Failure::usage(format!("cannot read user data from {file}: {error}")))?;
        Ok(Some(CloudInit {
            user_data,
            ..Default::default()
        }))
    }
}

/// Parses `KEY=VALUE`.
pub(crate) fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// Parses `NETWORK[,mac=MAC][,model=MODEL]`.
pub(super) fn nic(text: &str) -> Result<NicConfig, String> {
    let mut parts = text.split(',');
    let mut nic = NicConfig {
        network: parts.next().unwrap_or_default().to_owned(),
        ..Default::default()
    };
    for part in parts {
        match part.split_once('=') {
            Some(("mac", mac)) => mac.clone_into(&mut nic.mac),
            Some(("model", "virtio")) => nic.model = NicModel::Virtio.into(),
            Some(("model", "e1000e")) => nic.model = NicModel::E1000e.into(),
            Some(("model", other)) => {
                return Err(format!("{other:?} is not a model; there are virtio, e1000e"));
            }
            _ => {
                return Err(format!(
                    "{part:?} is not understood; expected mac=MAC or model=MODEL"
                ));
            }
        }
    }
    Ok(nic)
}
