use super::ErrorKind;

/// Declares the reasons as one table, so that a reason without kind, code or advice does not compile.
macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $kind:ident, $fix:literal;)*) => {
        /// Everything that is known to go wrong, each with a stable code and advice.
        ///
        /// Codes are API: they are sent as `google.rpc.ErrorInfo.reason` and never change meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason { $($(#[$doc])* $variant,)* }

        impl Reason {
            /// Every reason, in declaration order.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// What the caller should do.
            pub const fn kind(self) -> ErrorKind { match self { $(Reason::$variant => ErrorKind::$kind,)* } }

            /// The stable code, in UPPER_SNAKE_CASE.
            pub const fn code(self) -> &'static str { match self { $(Reason::$variant => $code,)* } }

            /// What to do about it, as one sentence for a person.
            pub const fn fix(self) -> &'static str { match self { $(Reason::$variant => $fix,)* } }

            /// The reason with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|r| r.code() == code)
            }
        }
    };
}

reasons! {
    /// A request field has a value that is not allowed.
    InvalidField = "INVALID_FIELD", InvalidArgument, "correct the named field and send the request again";
    /// The request could not be decoded at all.
    MalformedRequest = "MALFORMED_REQUEST", InvalidArgument, "send a body that matches the published schema";
    /// A page token that this server did not issue for this list.
    InvalidPageToken = "INVALID_PAGE_TOKEN", InvalidArgument, "list again from the first page with the same filter";
    /// A request id was used again with a different request.
    RequestIdReused = "REQUEST_ID_REUSED", InvalidArgument, "use a new request id for every new request";
    /// The object does not exist.
    NotFound = "NOT_FOUND", NotFound, "check the id or name; deleted objects do not come back";
    /// Another object of the same kind and project has this name.
    NameTaken = "NAME_TAKEN", AlreadyExists, "choose another name, or use the object that has it";
    /// The id is in use.
    IdTaken = "ID_TAKEN", AlreadyExists, "use another id";
    /// Another port of the same network has this address.
    AddressTaken = "ADDRESS_TAKEN", AlreadyExists, "ask for another address, or leave the choice to the network; see lqx port list";
    /// The object changed since the caller read it.
    VersionMismatch = "VERSION_MISMATCH", Conflict, "read the object again, apply the change to what it is now, and retry";
    /// Another operation on this VM has not finished.
    OperationInProgress = "OPERATION_IN_PROGRESS", Conflict, "wait for the named task, or cancel it";
    /// A run epoch lower than one already seen.
    StaleEpoch = "STALE_EPOCH", Conflict, "the VM has been given to another run since; read it again";
    /// No node can take the VM.
    NoNodeFits = "NO_NODE_FITS", ResourceExhausted, "free capacity, add a node, or relax the VM's constraints; see lqx explain placement";
    /// A project would use more than its quota allows.
    QuotaExceeded = "QUOTA_EXCEEDED", ResourceExhausted, "free something in the project, or ask an administrator to raise its quota; see lqx project usage";
    /// Every address that the subnet gives out is taken.
    AddressesExhausted = "ADDRESSES_EXHAUSTED", ResourceExhausted, "delete VMs that are no longer needed, or use another network";
    /// The pool may promise no more space.
    PoolFull = "POOL_FULL", ResourceExhausted, "delete volumes, use another pool, or enlarge this one; see lqx pool metrics";
    /// Too many calls, streams or bytes.
    LimitExceeded = "LIMIT_EXCEEDED", ResourceExhausted, "send less, or wait and retry";
    /// The present state of the VM, or of whatever it is, does not allow this.
    WrongState = "WRONG_STATE", FailedPrecondition, "bring it into a state that allows the operation first";
    /// Something still belongs to the object.
    InUse = "IN_USE", FailedPrecondition, "remove or move what still belongs to it first";
    /// The object is part of the system.
    Protected = "PROTECTED", FailedPrecondition, "nothing is to be done: the system needs it";
    /// It is already in the state asked for.
    AlreadyInState = "ALREADY_IN_STATE", FailedPrecondition, "nothing is left to do";
    /// A VM is not the machine any more that a snapshot was taken of.
    SnapshotMismatch = "SNAPSHOT_MISMATCH", FailedPrecondition, "change the VM back to what it was when the snapshot was taken";
    /// The task has already ended or can no longer be stopped safely.
    NotCancellable = "NOT_CANCELLABLE", FailedPrecondition, "wait for the task to end, then undo its effect";
    /// A named image is not in the pool.
    ImageMissing = "IMAGE_MISSING", FailedPrecondition, "put the image into the pool's images directory, or name another";
    /// A named pool is not on the node.
    PoolMissing = "POOL_MISSING", FailedPrecondition, "name a pool that the node has; see lqx node show";
    /// A volume that was made is not in its pool any more.
    VolumeMissing = "VOLUME_MISSING", FailedPrecondition, "check that the pool is mounted on the node and try again; a volume that is really lost must be restored, nothing blank is put in its place";
    /// A network that still has ports cannot be removed.
    NetworkInUse = "NETWORK_IN_USE", FailedPrecondition, "delete the VMs that are plugged into it, or take their interfaces off it; see lqx port list";
    /// Another process owns this data directory.
    DataDirLocked = "DATA_DIR_LOCKED", FailedPrecondition, "stop the other process, or use another data directory";
    /// The data was written by a newer version of the program.
    SchemaTooNew = "SCHEMA_TOO_NEW", FailedPrecondition, "run the version that wrote the data, or a newer one";
    /// The node presented is unknown, or its boot is not the current one.
    NodeSuperseded = "NODE_SUPERSEDED", FailedPrecondition, "register the node again";
    /// The node still reports, so it cannot be removed.
    NodeAlive = "NODE_ALIVE", FailedPrecondition, "stop the node's agent, wait until the node is shown as not ready, then remove it";
    /// The node still has VMs or volumes.
    NodeNotEmpty = "NODE_NOT_EMPTY", FailedPrecondition, "delete what is on the node first; if the node is destroyed, delete its VMs with force and then the node with node_is_gone";
    /// The agent of the node says so, and only its configuration can change it.
    ReportedByAgent = "REPORTED_BY_AGENT", FailedPrecondition, "change the configuration of the node's agent";
    /// No or wrong credentials.
    Unauthenticated = "UNAUTHENTICATED", Unauthenticated, "log in again: lqx login";
    /// The caller may not do this.
    PermissionDenied = "PERMISSION_DENIED", PermissionDenied, "ask an administrator for the permission";
    /// The store cannot be reached or cannot write.
    StoreUnavailable = "STORE_UNAVAILABLE", Unavailable, "retry; check the server's disk and database";
    /// The hypervisor cannot be reached.
    HypervisorUnavailable = "HYPERVISOR_UNAVAILABLE", Unavailable, "check that libvirt runs on the node: lqx doctor";
    /// The node's agent is not connected.
    AgentUnavailable = "AGENT_UNAVAILABLE", Unavailable, "check the agent on the named node; the request may be retried";
    /// The control plane cannot be reached.
    ServerUnavailable = "SERVER_UNAVAILABLE", Unavailable, "check the address and that the server runs";
    /// It took longer than allowed.
    Timeout = "TIMEOUT", DeadlineExceeded, "the work may go on; look at its task";
    /// It was stopped on request.
    Cancelled = "CANCELLED", Cancelled, "start it again if it is still wanted";
    /// A newer operation took the place of this one.
    Superseded = "SUPERSEDED", Cancelled, "look at the task that replaced it";
    /// The revision asked for is no longer kept.
    RevisionExpired = "REVISION_EXPIRED", Expired, "list again and watch from the revision of that list";
    /// This backend cannot do that.
    Unsupported = "UNSUPPORTED", Unsupported, "use a backend that declares the capability";
    /// The hypervisor refused or failed.
    HypervisorFailed = "HYPERVISOR_FAILED", Internal, "read the message and the node's libvirt log";
    /// The storage backend refused or failed.
    StorageFailed = "STORAGE_FAILED", Internal, "read the message; check space and permissions of the pool";
    /// Stored data could not be understood.
    Corrupt = "CORRUPT", Internal, "restore the object from a backup; report this with the request id";
    /// A bug.
    Internal = "INTERNAL", Internal, "report this with the request id";
}
