//! What the API fills in where a request says nothing.

use limiquantix_core::resource::{AccelPreference, Boot, NicModel};
use limiquantix_core::validate;
use limiquantix_proto::compute::v1 as wire;
use limiquantix_proto::convert::vm_spec;
use serde_json::json;

fn spec(json: serde_json::Value) -> wire::VmSpec {
    serde_json::from_value(json).unwrap()
}

#[test]
fn the_least_that_makes_a_vm() {
    let message = spec(json!({
        "cpu": {"cores": 1},
        "memory": {"sizeMib": 512},
        "disks": [{"sizeGib": 1}, {"name": "data", "sizeGib": 2, "pool": "fast"}, {"sizeGib": 3}],
        "nics": [{}],
    }));
    let spec = vm_spec::from_wire("spec", &message).unwrap();
    validate::vm_spec("spec", &spec).unwrap();
    let disks: Vec<_> = spec
        .disks
        .iter()
        .map(|d| (d.name.as_str(), d.pool.as_str()))
        .collect();
    assert_eq!(
        disks,
        [("disk0", "default"), ("data", "fast"), ("disk2", "default")]
    );
    assert_eq!(spec.nics[0].network.as_str(), "default");
    assert_eq!((spec.nics[0].mac, spec.nics[0].model), (None, NicModel::Virtio));
    assert_eq!((spec.boot, spec.accel), (Boot::Disk, AccelPreference::Auto));
    assert_eq!(spec.cloud_init, None);
}

#[test]
fn a_kernel_comes_from_the_default_pool_unless_it_is_said() {
    for (pool, expected) in [("", "default"), ("images", "images")] {
        let message = spec(json!({"boot": {"kernel": {"kernel": "vmlinuz", "pool": pool}}}));
        match vm_spec::from_wire("spec", &message).unwrap().boot {
            Boot::Kernel { pool, initrd, .. } => {
                assert_eq!((pool.as_str(), initrd), (expected, None));
            }
            Boot::Disk => panic!("it boots a kernel"),
        }
    }
}

#[test]
fn an_empty_document_is_not_the_same_as_none() {
    let message = spec(json!({"cloudInit": {"userData": "#cloud-config", "metaData": ""}}));
    let seed = vm_spec::from_wire("spec", &message).unwrap().cloud_init.unwrap();
    assert_eq!((seed.meta_data.as_deref(), seed.network_config), (Some(""), None));
}

#[test]
fn a_toleration_without_a_value_tolerates_any() {
    let message = spec(json!({"tolerations": [{"key": "gpu"}, {"key": "gpu", "value": ""}]}));
    let tolerations = vm_spec::from_wire("spec", &message)
        .unwrap()
        .placement
        .tolerations;
    assert_eq!(
        (tolerations[0].value.as_deref(), tolerations[1].value.as_deref()),
        (None, Some(""))
    );
}
