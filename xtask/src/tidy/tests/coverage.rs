//! The page of RPCs and their tests.

use super::{places, with_files};
use crate::tidy::coverage::{check, page};

const PROTO: (&str, &str) = (
    "limiquantix-proto/proto/limiquantix/compute/v1/vm_service.proto",
    "package limiquantix.compute.v1;\nservice VMService {\n  rpc CreateVM(A) returns (B);\n  rpc ListVMs(A) returns (B);\n}\n",
);
const TESTS: (&str, &str) = (
    "limiquantix-server/tests/api/vms.rs",
    "#[tokio::test]\nasync fn a_vm_is_made() {\n    vms.create_vm(x);\n}\nasync fn helper() {\n    post(\"/VMService/ListVMs\");\n}\n",
);

#[test]
fn an_rpc_is_listed_with_the_test_that_calls_it() {
    let mut repository = with_files(&[PROTO, TESTS]);
    let made = page(&repository.files);
    assert!(
        made.contains("| `VMService/CreateVM` | tests/api/vms.rs `a_vm_is_made` |"),
        "{made}"
    );
    assert!(
        made.contains("| `VMService/ListVMs` | tests/api/vms.rs |"),
        "{made}"
    );
    assert!(made.contains("- limiquantix.compute.v1: `MigrateVM`"), "{made}");
    assert_eq!(
        places(&check(&repository)),
        ["docs/api-coverage.md"],
        "it is not written yet"
    );
    repository
        .files
        .push(with_files(&[("docs/api-coverage.md", &made)]).files.remove(0));
    assert_eq!(check(&repository), []);
}

#[test]
fn an_rpc_that_nothing_calls_is_a_finding() {
    let silent = (
        TESTS.0,
        "#[tokio::test]\nasync fn a_vm_is_made() {\n    vms.create_vm(x);\n}\n",
    );
    let mut repository = with_files(&[PROTO, silent]);
    let made = page(&repository.files);
    repository
        .files
        .push(with_files(&[("docs/api-coverage.md", &made)]).files.remove(0));
    let findings = check(&repository);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].message.contains("VMService.ListVMs"), "{findings:?}");
}
