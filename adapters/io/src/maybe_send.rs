//! `Send` and `Sync` where there are threads.
//!
//! In a browser there are none: the objects behind a page's sockets cannot leave their thread, and need not.

#[cfg(not(target_family = "wasm"))]
mod bounds {
    /// `Send` on systems with threads, and everything on WebAssembly.
    pub trait MaybeSend: Send {}

    /// `Sync` on systems with threads, and everything on WebAssembly.
    pub trait MaybeSync: Sync {}

    impl<T: Send + ?Sized> MaybeSend for T {}
    impl<T: Sync + ?Sized> MaybeSync for T {}
}

#[cfg(target_family = "wasm")]
mod bounds {
    /// `Send` on systems with threads, and everything on WebAssembly.
    pub trait MaybeSend {}

    /// `Sync` on systems with threads, and everything on WebAssembly.
    pub trait MaybeSync {}

    impl<T: ?Sized> MaybeSend for T {}
    impl<T: ?Sized> MaybeSync for T {}
}

pub use bounds::{MaybeSend, MaybeSync};
