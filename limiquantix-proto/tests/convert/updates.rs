//! Which part of a VM an update changes.

use limiquantix_core::Reason;
use limiquantix_core::unit::{Cores, Mebibytes};
use limiquantix_proto::compute::v1::UpdateVMRequest;
use limiquantix_proto::convert::update::{VmChanges, vm_from_wire};
use limiquantix_testkit::fixtures;
use serde_json::json;

fn request(json: serde_json::Value) -> UpdateVMRequest {
    serde_json::from_value(json).unwrap()
}

#[test]
fn only_what_the_mask_names_is_changed() {
    let mut current = fixtures::vm_spec(2, 2048);
    current.disks = vec![fixtures::disk("root", 10, Some("debian"))];
    let request = request(json!({
        "updateMask": "spec.cpu.cores,labels",
        "description": "not named, so it does not count",
        "spec": {"cpu": {"cores": 8}, "memory": {"sizeMib": 4096}},
    }));
    let changes = vm_from_wire(&request, &current).unwrap();
    assert_eq!((changes.description, changes.labels), (None, Some([].into())));
    let spec = changes.spec.unwrap();
    assert_eq!((spec.cpu.cores, spec.memory), (Cores(8), Mebibytes(2048)));
    current.cpu.cores = Cores(8);
    assert_eq!(spec, current, "everything else stays");
}

#[test]
fn every_field_of_the_spec_can_be_named_and_the_whole_of_it() {
    let current = fixtures::vm_spec(2, 2048);
    let spec = json!({
        "cpu": {"cores": 4}, "memory": {"sizeMib": 1024}, "disks": [{"sizeGib": 3}], "nics": [{"network": "lan"}],
        "boot": {"kernel": {"kernel": "k"}}, "cloudInit": {"userData": "u"}, "nodeSelector": {"zone": "a"},
        "tolerations": [{"key": "gpu"}], "accel": "ACCEL_MODE_TCG",
    });
    let fields = [
        "cpu",
        "cpu.cores",
        "memory",
        "memory.sizeMib",
        "disks",
        "nics",
        "boot",
        "cloudInit",
        "nodeSelector",
        "tolerations",
        "accel",
    ];
    for field in fields {
        let request = request(json!({"updateMask": format!("spec.{field}"), "spec": spec}));
        let changed = vm_from_wire(&request, &current).unwrap().spec.unwrap();
        assert_ne!(changed, current, "{field}");
    }
    let all = request(json!({"updateMask": "spec", "spec": spec}));
    let piecemeal = fields.map(|field| format!("spec.{field}")).join(",");
    let pieces = request(json!({"updateMask": piecemeal, "spec": spec}));
    assert_eq!(
        vm_from_wire(&all, &current).unwrap(),
        vm_from_wire(&pieces, &current).unwrap()
    );
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let current = fixtures::vm_spec(2, 2048);
    for path in ["name", "spec.cpu.sockets", "status", "spec.disks[0]", "*", "id"] {
        let mut request = request(json!({"spec": {}}));
        request.update_mask.get_or_insert_default().paths = vec![path.into()];
        let e = vm_from_wire(&request, &current).unwrap_err();
        assert_eq!(
            (e.reason(), e.get("field")),
            (Reason::InvalidField, Some("update_mask"))
        );
        assert!(e.message().contains(path), "{e}");
    }
}

#[test]
fn a_named_field_that_is_wrong_is_named_and_one_that_is_cleared_breaks_its_rule() {
    let current = fixtures::vm_spec(2, 2048);
    let wrong = request(json!({"updateMask": "spec.cpu", "spec": {"cpu": {"cores": -1}}}));
    let e = vm_from_wire(&wrong, &current).unwrap_err();
    assert_eq!(e.get("field"), Some("spec.cpu.cores"));
    let cleared = request(json!({"updateMask": "spec.memory"}));
    let spec = vm_from_wire(&cleared, &current).unwrap().spec.unwrap();
    let e = limiquantix_core::validate::vm_spec("spec", &spec).unwrap_err();
    assert_eq!(e.get("field"), Some("spec.memory.size_mib"));
}

#[test]
fn an_empty_mask_changes_nothing() {
    let request = request(json!({"description": "x", "spec": {"cpu": {"cores": 8}}}));
    let changes = vm_from_wire(&request, &fixtures::vm_spec(2, 2048)).unwrap();
    assert_eq!(changes, VmChanges::default());
}
