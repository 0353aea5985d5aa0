//! The JSON form of messages, which scripts and `-o json` rely on, and what must not be in a log.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, SystemTime};

use buffa::{EnumValue, Message};
use buffa_types::google::protobuf;
use limiquantix_proto::auth::v1::{LoginRequest, LoginResponse, RefreshTokenRequest};
use limiquantix_proto::compute::v1::boot_config::Source;
use limiquantix_proto::compute::v1::{
    BootConfig, CloudInit, CpuConfig, CreateVMRequest, DirectKernel, DiskConfig, MemoryConfig, PowerState,
    StopVMRequest, UpdateVMRequest, VirtualMachine, VmSpec, VmState, VmStatus,
};
use serde_json::json;

fn vm() -> VirtualMachine {
    VirtualMachine {
        id: "vm-1".into(),
        name: "web".into(),
        labels: [
            ("tier".to_owned(), "front".to_owned()),
            ("app".to_owned(), "shop".to_owned()),
        ]
        .into(),
        spec: VmSpec {
            cpu: CpuConfig {
                cores: 2,
                ..Default::default()
            }
            .into(),
            memory: MemoryConfig {
                size_mib: 2048,
                ..Default::default()
            }
            .into(),
            disks: vec![DiskConfig {
                name: "root".into(),
                size_gib: 10,
                ..Default::default()
            }],
            boot: BootConfig {
                source: DirectKernel {
                    kernel: "probe".into(),
                    ..Default::default()
                }
                .into(),
                ..Default::default()
            }
            .into(),
            ..Default::default()
        }
        .into(),
        status: VmStatus {
            state: VmState::Running.into(),
            run_epoch: 3,
            ..Default::default()
        }
        .into(),
        revision: u64::MAX,
        created_at: protobuf::Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_millis(1_500)).into(),
        desired_power: PowerState::On.into(),
        ..Default::default()
    }
}

#[test]
fn a_vm_in_json() {
    assert_eq!(
        serde_json::to_string(&vm()).unwrap(),
        concat!(
            r#"{"id":"vm-1","name":"web","labels":{"app":"shop","tier":"front"},"#,
            r#""spec":{"cpu":{"cores":2},"memory":{"sizeMib":2048},"disks":[{"name":"root","sizeGib":10}],"#,
            r#""boot":{"kernel":{"kernel":"probe"}}},"#,
            r#""status":{"state":"VM_STATE_RUNNING","runEpoch":3},"revision":"18446744073709551615","#,
            r#""createdAt":"1970-01-01T00:00:01.500Z","desiredPower":"POWER_STATE_ON"}"#,
        )
    );
}

#[test]
fn json_and_bytes_give_the_message_back() {
    let vm = vm();
    let text = serde_json::to_string(&vm).unwrap();
    assert_eq!(serde_json::from_str::<VirtualMachine>(&text).unwrap(), vm);
    assert_eq!(
        VirtualMachine::decode_from_slice(&vm.encode_to_vec()).unwrap(),
        vm
    );
}

#[test]
fn the_same_message_has_the_same_bytes_whatever_the_order_of_its_map() {
    let (mut one, mut two) = (vm(), vm());
    for n in 0..100 {
        one.labels.insert(format!("k{n}"), String::new());
        two.labels.insert(format!("k{}", 99 - n), String::new());
    }
    assert_eq!(one.encode_to_vec(), two.encode_to_vec());
}

#[test]
fn the_requests_of_the_first_design_decode_word_for_word() {
    let login: LoginRequest = serde_json::from_str(r#"{"username": "admin", "password": "admin"}"#).unwrap();
    assert_eq!(
        (login.username.as_str(), login.password.as_str()),
        ("admin", "admin")
    );
    let refresh: RefreshTokenRequest =
        serde_json::from_str(r#"{"refresh_token": "<refresh_token>"}"#).unwrap();
    assert_eq!(refresh.refresh_token, "<refresh_token>");
    let create: CreateVMRequest = serde_json::from_value(json!({
        "name": "test",
        "projectId": "project-1",
        "spec": {"cpu": {"cores": 2}, "memory": {"sizeMib": 2048}},
    }))
    .unwrap();
    assert_eq!((create.spec.cpu.cores, create.spec.memory.size_mib), (2, 2048));
}

#[test]
fn an_absent_message_reads_as_its_default_and_can_be_told_apart() {
    let create: CreateVMRequest = serde_json::from_str("{}").unwrap();
    assert!(create.spec.is_unset());
    assert_eq!(create.spec.memory.size_mib, 0);
    let create: CreateVMRequest = serde_json::from_str(r#"{"spec": {}}"#).unwrap();
    assert!(create.spec.is_set());
    let create: CreateVMRequest = serde_json::from_str(r#"{"spec": null, "name": null}"#).unwrap();
    assert!(create.spec.is_unset());
}

#[test]
fn durations_and_field_masks_have_their_json_form() {
    let stop: StopVMRequest = serde_json::from_str(r#"{"id": "vm-1", "timeout": "1.5s"}"#).unwrap();
    let timeout = stop.timeout.into_option().unwrap();
    assert_eq!(Duration::try_from(timeout).unwrap(), Duration::from_millis(1500));
    let update: UpdateVMRequest =
        serde_json::from_str(r#"{"updateMask": "description,spec.memory.sizeMib"}"#).unwrap();
    assert_eq!(update.update_mask.paths, ["description", "spec.memory.size_mib"]);
    // A negative or huge duration decodes; it is for the handler to refuse.
    let stop: StopVMRequest = serde_json::from_str(r#"{"timeout": "-3s"}"#).unwrap();
    assert!(Duration::try_from(stop.timeout.into_option().unwrap()).is_err());
    assert!(serde_json::from_str::<StopVMRequest>(r#"{"timeout": "3"}"#).is_err());
}

#[test]
fn two_variants_of_a_oneof_at_once_are_refused() {
    let both = r#"{"disk": {}, "kernel": {"kernel": "k"}}"#;
    assert!(serde_json::from_str::<BootConfig>(both).is_err());
    let one: BootConfig = serde_json::from_str(r#"{"disk": {}}"#).unwrap();
    assert!(matches!(one.source, Some(Source::Disk(_))));
}

#[test]
fn an_enum_value_from_the_future_is_kept() {
    let status = VmStatus {
        state: EnumValue::from(99),
        ..Default::default()
    };
    let back = VmStatus::decode_from_slice(&status.encode_to_vec()).unwrap();
    assert_eq!((back.state.as_known(), back.state.to_i32()), (None, 99));
}

#[test]
fn a_field_from_the_future_is_kept() {
    let newer = StopVMRequest {
        id: "vm-1".into(),
        force: true,
        ..Default::default()
    };
    let older =
        limiquantix_proto::compute::v1::StartVMRequest::decode_from_slice(&newer.encode_to_vec()).unwrap();
    assert_eq!(
        StopVMRequest::decode_from_slice(&older.encode_to_vec()).unwrap(),
        newer
    );
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let secret = "hunter2";
    let shown = [
        format!(
            "{:?}",
            LoginRequest {
                password: secret.into(),
                ..Default::default()
            }
        ),
        format!(
            "{:?}",
            LoginResponse {
                access_token: secret.into(),
                refresh_token: secret.into(),
                ..Default::default()
            }
        ),
        format!(
            "{:?}",
            RefreshTokenRequest {
                refresh_token: secret.into(),
                ..Default::default()
            }
        ),
        format!(
            "{:?}",
            CloudInit {
                user_data: secret.into(),
                ..Default::default()
            }
        ),
    ];
    for text in shown {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn messages_stay_small_enough_to_be_held_across_await_points() {
    assert!(
        size_of::<VirtualMachine>() <= 512,
        "{}",
        size_of::<VirtualMachine>()
    );
    assert!(
        size_of::<CreateVMRequest>() <= 512,
        "{}",
        size_of::<CreateVMRequest>()
    );
}
