//! Names that survive: generators turn `ListVMs` into `list_v_ms`, and the name on the wire is settled,
//! so callers find a readable one here.

/// Path, shape and idempotency of VMService.ListVMs.
pub const LIST_VMS_SPEC: connectrpc::Spec = crate::compute::v1::VM_SERVICE_LIST_V_MS_SPEC;

#[cfg(feature = "client")]
mod client {
    use connectrpc::ConnectError;
    use connectrpc::client::{CallOptions, ClientTransport, UnaryResponse};
    use connectrpc::http_body::Body;

    use crate::compute::v1::{ListVMsRequest, OwnedListVMsResponseView, VmServiceClient};

    impl<T> VmServiceClient<T>
    where
        T: ClientTransport,
        <T::ResponseBody as Body>::Error: std::fmt::Display,
    {
        /// Calls VMService.ListVMs.
        ///
        /// # Errors
        ///
        /// What the server answered, or `unavailable` when it cannot be reached.
        pub async fn list_vms(
            &self,
            request: ListVMsRequest,
        ) -> Result<UnaryResponse<OwnedListVMsResponseView>, ConnectError> {
            self.list_v_ms(request).await
        }

        /// Calls VMService.ListVMs with options for this call.
        ///
        /// # Errors
        ///
        /// What the server answered, or `unavailable` when it cannot be reached.
        pub async fn list_vms_with_options(
            &self,
            request: ListVMsRequest,
            options: CallOptions,
        ) -> Result<UnaryResponse<OwnedListVMsResponseView>, ConnectError> {
            self.list_v_ms_with_options(request, options).await
        }
    }
}
