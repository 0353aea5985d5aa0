use std::ffi::{c_int, c_void};

use limiquantix_core::identity::VmId;
use uuid::Uuid;
use virt::connect::Connect;
use virt::error::Error;
use virt::sys;

/// Receives what libvirt tells. Called on the thread of the event loop: an implementation must not block and
/// must not call libvirt.
pub(crate) trait Wire: Send + Sync + 'static {
    /// The state of a domain changed; its UUID is all that is passed on.
    fn changed(&self, vm: VmId);
    /// The connection is dead.
    fn closed(&self, reason: &'static str);
}

/// Callbacks registered on a connection. They are taken back when this is dropped.
pub(crate) struct Subscription {
    connect: Connect,
    callbacks: Vec<c_int>,
    watches_close: bool,
}

type Opaque = std::sync::Arc<dyn Wire>;

/// Has `wire` told about every domain and about the end of the connection.
pub(crate) fn subscribe(connect: &Connect, wire: &Opaque) -> Result<Subscription, Error> {
    let mut subscription = Subscription {
        connect: connect.clone(),
        callbacks: Vec::new(),
        watches_close: false,
    };
    let lifecycle: LifecycleCallback = on_lifecycle;
    // SAFETY: libvirt's own convention (its macro VIR_DOMAIN_EVENT_CALLBACK): the callback is passed as the
    // generic type and called as the one that belongs to the event's id, which for LIFECYCLE is this one.
    let lifecycle = unsafe { std::mem::transmute::<LifecycleCallback, GenericCallback>(lifecycle) };
    subscription.add(sys::VIR_DOMAIN_EVENT_ID_LIFECYCLE, lifecycle, wire)?;
    subscription.add(sys::VIR_DOMAIN_EVENT_ID_REBOOT, on_domain, wire)?;
    let opaque = boxed(wire);
    // SAFETY: the connection is alive as long as `connect`; `opaque` comes from `boxed`, as `on_close` and
    // `free` expect, and libvirt calls `free` once, when the callback is taken back.
    let outcome =
        unsafe { sys::virConnectRegisterCloseCallback(connect.as_ptr(), Some(on_close), opaque, Some(free)) };
    // libvirt's test driver has no connection that could break, and says so.
    if outcome == -1 {
        // SAFETY: registration failed, so libvirt has not kept the pointer and nobody else has it.
        unsafe { free(opaque) };
    } else {
        subscription.watches_close = true;
    }
    Ok(subscription)
}

impl Subscription {
    fn add(
        &mut self,
        event: sys::virDomainEventID,
        callback: GenericCallback,
        wire: &Opaque,
    ) -> Result<(), Error> {
        let opaque = boxed(wire);
        // SAFETY: as in `subscribe`; a null domain means all domains.
        let id = unsafe {
            sys::virConnectDomainEventRegisterAny(
                self.connect.as_ptr(),
                std::ptr::null_mut(),
                event as c_int,
                Some(callback),
                opaque,
                Some(free),
            )
        };
        if id == -1 {
            let error = Error::last_error();
            // SAFETY: registration failed, so libvirt has not kept the pointer and nobody else has it.
            unsafe { free(opaque) };
            return Err(error);
        }
        self.callbacks.push(id);
        Ok(())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        for id in &self.callbacks {
            // SAFETY: the connection is alive and the id is of a callback registered on it. On a connection
            // that broke this fails, which is as good.
            unsafe { sys::virConnectDomainEventDeregisterAny(self.connect.as_ptr(), *id) };
        }
        if self.watches_close {
            // SAFETY: as above.
            unsafe { sys::virConnectUnregisterCloseCallback(self.connect.as_ptr(), Some(on_close)) };
        }
    }
}

type GenericCallback = unsafe extern "C" fn(sys::virConnectPtr, sys::virDomainPtr, *mut c_void);
type LifecycleCallback =
    unsafe extern "C" fn(sys::virConnectPtr, sys::virDomainPtr, c_int, c_int, *mut c_void) -> c_int;

/// A thin pointer to a fat one, for libvirt to keep.
fn boxed(wire: &Opaque) -> *mut c_void {
    Box::into_raw(Box::new(Opaque::clone(wire))).cast()
}

unsafe extern "C" fn free(opaque: *mut c_void) {
    // SAFETY: `opaque` was made by `boxed` and is freed once.
    drop(unsafe { Box::from_raw(opaque.cast::<Opaque>()) });
}

unsafe extern "C" fn on_domain(_: sys::virConnectPtr, domain: sys::virDomainPtr, opaque: *mut c_void) {
    let mut bytes = [0_u8; 16];
    // SAFETY: libvirt passes a domain that is valid during the callback; the buffer has the size that it
    // documents (VIR_UUID_BUFLEN). Reading the UUID is no call to the daemon.
    let known = unsafe { sys::virDomainGetUUID(domain, bytes.as_mut_ptr()) } == 0;
    if known {
        // SAFETY: `opaque` was made by `boxed` and is freed only when no callback runs any more.
        let wire = unsafe { &*opaque.cast::<Opaque>() };
        wire.changed(VmId::from_uuid(Uuid::from_bytes(bytes)));
    }
}

unsafe extern "C" fn on_lifecycle(
    connect: sys::virConnectPtr,
    domain: sys::virDomainPtr,
    _event: c_int,
    _detail: c_int,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: the arguments are passed on as they came.
    unsafe { on_domain(connect, domain, opaque) };
    0
}

unsafe extern "C" fn on_close(_: sys::virConnectPtr, reason: c_int, opaque: *mut c_void) {
    // SAFETY: `opaque` was made by `boxed` and is freed only when no callback runs any more.
    let wire = unsafe { &*opaque.cast::<Opaque>() };
    wire.closed(match sys::virConnectCloseReason::try_from(reason) {
        Ok(sys::VIR_CONNECT_CLOSE_REASON_EOF) => "libvirt closed the connection",
        Ok(sys::VIR_CONNECT_CLOSE_REASON_KEEPALIVE) => "libvirt did not answer",
        Ok(sys::VIR_CONNECT_CLOSE_REASON_CLIENT) => "the connection was closed here",
        _ => "the connection broke",
    });
}
