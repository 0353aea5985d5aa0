//! A transient libvirt domain around the probe guest, driven by `virsh` and gone when dropped.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::seed;

pub(crate) struct Domain {
    name: String,
    uri: String,
    directory: PathBuf,
    guest: PathBuf,
    disks: String,
}

impl Domain {
    /// A domain whose files are in a directory of its own under `base`.
    pub(crate) fn new(name: &str, uri: &str, base: &Path, guest: &Path) -> Self {
        let name = format!("{name}-{}", std::process::id());
        let directory = base.join(&name);
        fs::create_dir_all(&directory).expect("a directory for the domain");
        Self {
            name,
            uri: uri.to_owned(),
            directory,
            guest: guest.to_owned(),
            disks: String::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn add_empty_disk(&mut self) {
        let path = self.directory.join("disk.raw");
        let file = fs::File::create(&path).expect("a disk file");
        file.set_len(64 << 20).expect("a disk of 64 MiB");
        self.add_disk(&path, "");
    }

    pub(crate) fn add_seed(&mut self, instance: &str, hostname: &str) {
        let path = self.directory.join("seed.iso");
        let meta_data = format!("instance-id: {instance}\nlocal-hostname: {hostname}\n");
        fs::write(
            &path,
            seed::iso(&[("META-DATA", &meta_data), ("USER-DATA", "#cloud-config\n")]),
        )
        .expect("a seed file");
        self.add_disk(&path, "<readonly/>");
    }

    fn add_disk(&mut self, path: &Path, more: &str) {
        let letter = if self.disks.is_empty() { 'a' } else { 'b' };
        self.disks.push_str(&format!(
            "<disk type='file'><driver name='qemu' type='raw'/><source file='{}'/><target dev='vd{letter}' bus='virtio'/>{more}</disk>",
            path.display()
        ));
    }

    /// Starts it with these kernel parameters.
    pub(crate) fn start(&self, parameters: &str) {
        let xml = format!(
            "<domain type='qemu'><name>{name}</name><memory unit='MiB'>192</memory><vcpu>1</vcpu>\
             <os><type arch='x86_64' machine='q35'>hvm</type><kernel>{guest}/vmlinux</kernel><initrd>{guest}/initrd.img</initrd>\
             <cmdline>console=ttyS0 quiet {parameters}</cmdline></os><features><acpi/></features>\
             <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><devices>{disks}\
             <serial type='pty'><log file='{log}'/><target port='0'/></serial></devices></domain>",
            name = self.name,
            guest = self.guest.display(),
            disks = self.disks,
            log = self.log().display(),
        );
        let file = self.directory.join("domain.xml");
        fs::write(&file, xml).expect("the domain's XML");
        self.virsh(&["create", &file.display().to_string()]);
    }

    pub(crate) fn uuid(&self) -> String {
        self.virsh(&["domuuid", &self.name])
    }

    /// Waits for a line with this text on the console and returns it.
    pub(crate) fn wait_for(&self, text: &str, limit: Duration) -> String {
        let deadline = Instant::now() + limit;
        loop {
            let log = fs::read(self.log()).unwrap_or_default();
            let log = String::from_utf8_lossy(&log).replace('\r', "");
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(
                Instant::now() < deadline,
                "no {text:?} within {limit:?}; the console says:\n{log}"
            );
            sleep(Duration::from_millis(50));
        }
    }

    /// Types a line on the console until the answer comes: QEMU looks only once a second whether somebody opened the
    /// terminal, and drops what was typed before.
    pub(crate) fn type_line(&self, line: &str, answer: &str, limit: Duration) {
        let terminal = self.virsh(&["ttyconsole", &self.name]);
        let mut terminal = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(terminal)
            .expect("the console's terminal");
        sleep(Duration::from_millis(1500));
        writeln!(terminal, "{line}").expect("typing on the console");
        self.wait_for(answer, limit);
    }

    pub(crate) fn wait_until_off(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        while self
            .virsh(&["list", "--name"])
            .lines()
            .any(|line| line == self.name)
        {
            assert!(Instant::now() < deadline, "the domain still runs");
            sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn virsh(&self, args: &[&str]) -> String {
        let output = Command::new("virsh")
            .args(["--quiet", "--connect", &self.uri])
            .args(args)
            .output()
            .expect("virsh");
        assert!(
            output.status.success(),
            "virsh {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn log(&self) -> PathBuf {
        self.directory.join("console.log")
    }
}

impl Drop for Domain {
    fn drop(&mut self) {
        // It may be off already, and then it is gone: nothing here may hide why the test failed.
        let _ = Command::new("virsh")
            .args(["--quiet", "--connect", &self.uri, "destroy", &self.name])
            .output();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
