use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult};
use limiquantix_core::{Error, Reason};
use limiquantix_proto::auth::v1::{
    AuthService, LoginRequest, LoginResponse, LogoutRequest, LogoutResponse, RefreshTokenRequest,
    RefreshTokenResponse,
};

use super::refusal;

/// Knows admin with the password `s3cret word`.
pub(super) struct Auth;

#[allow(refining_impl_trait)]
impl AuthService for Auth {
    async fn login(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, LoginRequest>,
    ) -> ServiceResult<LoginResponse> {
        if (request.username, request.password) != ("admin", "s3cret word") {
            let error = Error::new(Reason::Unauthenticated, "unknown user or wrong password");
            return Err(refusal(&error));
        }
        Response::ok(LoginResponse {
            access_token: "access-1".into(),
            refresh_token: "refresh-1".into(),
            token_type: "Bearer".into(),
            ..Default::default()
        })
    }

    async fn refresh_token(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, RefreshTokenRequest>,
    ) -> ServiceResult<RefreshTokenResponse> {
        Response::ok(RefreshTokenResponse::default())
    }

    async fn logout(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, LogoutRequest>,
    ) -> ServiceResult<LogoutResponse> {
        Response::ok(LogoutResponse::default())
    }
}
