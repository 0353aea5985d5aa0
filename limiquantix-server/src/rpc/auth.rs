use std::sync::Arc;
use std::time::SystemTime;

use buffa_types::google::protobuf::Timestamp;
use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult};
use limiquantix_proto::auth::v1 as wire;
use limiquantix_proto::auth::v1::AuthService;

use super::context::refuse;
use super::gate::credentials;
use crate::auth::{Auth, TokenPair};

/// `limiquantix.auth.v1.AuthService`.
#[derive(Debug)]
pub(super) struct Handler {
    auth: Arc<Auth>,
}

impl Handler {
    pub(super) fn new(auth: Arc<Auth>) -> Self {
        Self { auth }
    }
}

fn user(pair: &TokenPair) -> wire::User {
    wire::User {
        id: pair.user.clone(),
        username: pair.user.clone(),
        roles: vec!["admin".to_owned()],
        ..Default::default()
    }
}

fn seconds(pair: &TokenPair) -> i32 {
    i32::try_from(pair.expires_in.as_secs()).unwrap_or(i32::MAX)
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl AuthService for Handler {
    async fn login(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::LoginRequest>,
    ) -> ServiceResult<wire::LoginResponse> {
        let pair = self
            .auth
            .login(request.username, request.password)
            .map_err(refuse)?;
        Response::ok(wire::LoginResponse {
            user: user(&pair).into(),
            expires_in: seconds(&pair),
            expires_at: Timestamp::from(SystemTime::now() + pair.expires_in).into(),
            access_token: pair.access,
            refresh_token: pair.refresh,
            token_type: "Bearer".to_owned(),
            ..Default::default()
        })
    }

    async fn refresh_token(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::RefreshTokenRequest>,
    ) -> ServiceResult<wire::RefreshTokenResponse> {
        let pair = self.auth.refresh(request.refresh_token).map_err(refuse)?;
        Response::ok(wire::RefreshTokenResponse {
            user: user(&pair).into(),
            expires_in: seconds(&pair),
            expires_at: Timestamp::from(SystemTime::now() + pair.expires_in).into(),
            access_token: pair.access,
            refresh_token: pair.refresh,
            token_type: "Bearer".to_owned(),
            ..Default::default()
        })
    }

    async fn logout(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::LogoutRequest>,
    ) -> ServiceResult<wire::LogoutResponse> {
        let authorization = credentials(&ctx).map_err(refuse)?;
        self.auth.logout(request.refresh_token, authorization);
        Response::ok(wire::LogoutResponse::default())
    }
}
