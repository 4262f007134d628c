//! Sharing what cannot be shared, by never doing so.

use std::sync::{Mutex, PoisonError};

/// A value that is reached through `&mut` only, and that therefore may be part of something shared between threads.
///
/// The lock is there for the compiler: nothing ever waits for it.
pub(crate) struct Exclusive<T>(Mutex<T>);

impl<T> Exclusive<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}
