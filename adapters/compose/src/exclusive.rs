//! Makes a value `Sync` that is only ever reached through `&mut`.

use std::sync::{Mutex, PoisonError};

/// A value that is reached through `&mut` only, and that may therefore be part of a type that threads share.
///
/// The lock only satisfies the compiler: nothing ever waits for it.
pub(crate) struct Exclusive<T>(Mutex<T>);

impl<T> Exclusive<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}
