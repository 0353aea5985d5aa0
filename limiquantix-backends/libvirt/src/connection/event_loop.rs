use std::sync::OnceLock;
use std::time::Duration;

use limiquantix_core::error::Result;

use crate::error::unavailable;

/// Starts libvirt's event loop, once per process and for its lifetime. Must happen before the first connection
/// is opened: keep-alives and events of connections opened earlier would never be served.
pub(super) fn start() -> Result<()> {
    static STARTED: OnceLock<std::result::Result<(), String>> = OnceLock::new();
    let started = STARTED.get_or_init(|| {
        // libvirt prints every error to stderr unless told otherwise; ours are returned.
        virt::error::clear_error_callback();
        virt::event::event_register_default_impl().map_err(|e| e.message().to_owned())?;
        std::thread::Builder::new()
            .name("libvirt-events".to_owned())
            .spawn(run)
            .map(drop)
            .map_err(|e| e.to_string())
    });
    started
        .clone()
        .map_err(|words| unavailable(format!("libvirt's event loop does not start: {words}")))
}

fn run() {
    loop {
        if let Err(e) = virt::event::event_run_default_impl() {
            // poll(2) failed. It may do so for ever, hence the pause; without the loop nothing works.
            tracing::warn!(error = e.message(), "libvirt's event loop failed once");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
