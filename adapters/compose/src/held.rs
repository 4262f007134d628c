//! A peer's socket that the caller holds, and that can be taken away when the caller holds it for too long.

use multiserver_io::{MaybeSend, MaybeSync};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A value that one side holds, and that the other side can drop.
pub(crate) struct Held<T>(Arc<Mutex<Option<T>>>);

/// Drops the value of a [`Held`] that another owner has.
pub(crate) trait Revoke: MaybeSend + MaybeSync {
    /// Drops the value, and returns whether it was still held.
    fn revoke(&self) -> bool;
}

impl<T: MaybeSend + 'static> Held<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(Some(value))))
    }

    /// Returns the value, unless it was revoked; from then on it cannot be revoked.
    pub(crate) fn take(self) -> Option<T> {
        self.state().take()
    }

    /// The handle that can drop the value.
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
