//! Alone in its process, because it uses up what the process has.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use connectrpc::ConnectError;
use limiquantix_proto::details::pack;
use limiquantix_proto::error::{self, from_connect};
use limiquantix_proto::google::rpc::ErrorInfo;

#[test]
fn what_a_server_can_make_a_client_remember_is_bounded() {
    let said = |key: String| {
        let error = ConnectError::not_found("no").with_detail(pack(&ErrorInfo {
            reason: "NOT_FOUND".into(),
            domain: error::DOMAIN.into(),
            metadata: [(key, "value".into())].into(),
            ..Default::default()
        }));
        from_connect(error).context().count()
    };
    let kept: usize = (0..2000).map(|n| said(format!("key-{n}"))).sum();
    assert!((100..=256).contains(&kept), "{kept}");
    assert_eq!(said("x".repeat(33)) + said(String::new()) + said("a b".into()), 0);
}
