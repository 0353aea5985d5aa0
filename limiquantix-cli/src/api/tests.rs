use super::methods::{Methods, Shape};
use super::*;

#[test]
fn short_names_find_their_method() {
    let methods = Methods::load().unwrap();
    for call in [
        "/limiquantix.compute.v1.VMService/ListVMs",
        "limiquantix.compute.v1.VMService/ListVMs",
        "limiquantix.compute.v1.VMService.ListVMs",
        "VMService/ListVMs",
        "VMService.ListVMs",
        "ListVMs",
        "listvms",
        "vmservice/listvms",
    ] {
        let method = methods.find(call).unwrap();
        assert_eq!(
            method.path(),
            "/limiquantix.compute.v1.VMService/ListVMs",
            "{call}"
        );
        assert_eq!(method.shape, Shape::Unary);
    }
    assert_eq!(methods.find("WatchVM").unwrap().shape, Shape::ServerStream);
    assert_eq!(
        methods.find("VMService/Console").unwrap().shape,
        Shape::ClientStream
    );
}

#[test]
fn a_call_that_does_not_exist_is_refused() {
    let methods = Methods::load().unwrap();
    for call in ["ListVM", "VMService/", "NodeService/ListVMs", ""] {
        assert_eq!(methods.find(call).unwrap_err().exit(), Exit::Usage, "{call}");
    }
}

#[test]
fn a_call_of_a_newer_server_can_be_made_by_its_full_name() {
    let method = Methods::load()
        .unwrap()
        .find("/limiquantix.drs.v1.DrsService/Plan")
        .unwrap();
    assert_eq!(method.path(), "/limiquantix.drs.v1.DrsService/Plan");
}

#[test]
fn a_body_is_a_json_object() {
    assert_eq!(body("{\"a\": 1}").unwrap(), "{\"a\": 1}");
    for text in ["", "[]", "{", "1", "@no/such/file"] {
        assert_eq!(body(text).unwrap_err().exit(), Exit::Usage, "{text}");
    }
}
