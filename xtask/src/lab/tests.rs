//! What can be known of a lab without starting one. Starting one is `tests/probe_guest.rs`.

use std::path::Path;

use super::{config, pool, uri};

#[test]
fn the_uri_names_the_socket_by_its_path_out_here() {
    let base = Path::new("/tmp/lab/a");
    assert_eq!(
        uri(base),
        "qemu:///system?socket=/tmp/lab/a/run/libvirt/libvirt-sock"
    );
    assert_eq!(pool(base), Path::new("/tmp/lab/a/pool"));
}

#[test]
fn two_labs_of_one_name_have_different_ids_and_cgroups() {
    let (one, other) = (Path::new("/tmp/one/a"), Path::new("/tmp/other/a"));
    assert_ne!(config::host_uuid(one), config::host_uuid(other));
    assert_ne!(config::short_name(one), config::short_name(other));
    assert_eq!(config::host_uuid(one), config::host_uuid(one));
    assert_eq!(config::host_uuid(one).len(), 36);
}
