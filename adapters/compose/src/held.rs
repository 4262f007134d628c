//! A peer's socket in the hands of the caller, who may hold it for longer than there is time.

use multiserver_io::{MaybeSend, MaybeSync};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A value that one side holds, and that the other side can drop there.
pub(crate) struct Held<T>(Arc<Mutex<Option<T>>>);

/// Drops a value that somebody else holds.
pub(crate) trait Revoke: MaybeSend + MaybeSync {
    /// Drops the value, and returns whether it was still held.
    fn revoke(&self) -> bool;
}

impl<T: MaybeSend + 'static> Held<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(Some(value))))
    }

    /// The value, unless it was revoked. It cannot be revoked from then on.
    pub(crate) fn take(self) -> Option<T> {
        self.state().take()
    }

    /// The other side.
    pub(crate) fn revoker(&self) -> Arc<dyn Revoke> {
        Arc::new(Self(Arc::clone(&self.0)))
    }

    fn state(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: MaybeSend + 'static> Revoke for Held<T> {
    fn revoke(&self) -> bool {
        let value = self.state().take();
        value.is_some()
    }
}
