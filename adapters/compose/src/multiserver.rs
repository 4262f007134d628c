//! Several suites that connect and listen together.

use crate::event::Reporter;
use crate::served::Served;
use crate::server::Server;
use crate::suite::Ready;
use crate::{Attempt, Builder, FailedListen, ListenError, Native, ProtocolMemory, Runtime, Stage};
use multiserver_core::address::{MultiAddress, Scope};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Several suites together: connects to peers by their addresses, and listens on all suites at once.
///
/// Cloning is cheap, and the clones are the same multiserver.
pub struct Multiserver<R> {
    pub(crate) inner: Arc<Inner>,
    runtime: PhantomData<fn() -> R>,
}

/// The state that all clones share.
pub(crate) struct Inner {
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) suites: Vec<Arc<Ready>>,
    pub(crate) reporter: Reporter,
    /// `None` where downgrades are not looked for.
    pub(crate) memory: Option<Arc<dyn ProtocolMemory>>,
}

impl<R: Native> Multiserver<R> {
    /// Starts to build a multiserver on the runtime that the caller is in.
    pub fn builder() -> Builder<R>
    where
        R: Default,
    {
        Self::builder_on(R::default())
    }

    /// Starts to build a multiserver on this runtime, for runtimes that have settings or of which a program has
    /// several.
    pub fn builder_on(runtime: R) -> Builder<R> {
        Builder::new(runtime)
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner), runtime: PhantomData }
    }

    /// The addresses at which it will be reachable in this scope, as far as they are known before it listens; `None`
    /// when there are none.
    ///
    /// A port that the system chooses is known only to the [`Server`].
    #[must_use]
    pub fn address(&self, scope: Scope) -> Option<MultiAddress> {
        let suites = self.inner.suites.iter();
        MultiAddress::new(suites.flat_map(|suite| suite.addresses(&*self.inner.runtime, scope)))
    }

    /// Starts to listen on every suite whose transport listens.
    ///
    /// # Errors
    /// A suite could not listen, or none of them listens. The error names each suite that failed; the others are closed
    /// again.
    pub async fn listen(&self) -> Result<Server<R>, ListenError> {
        let (mut listening, mut failed) = (Vec::new(), Vec::new());
        for suite in &self.inner.suites {
            let attempt = Attempt::new(Arc::clone(&self.inner.runtime), Stage::Resolve);
            match suite.transport.listen(&attempt).await {
                Ok(Some(listener)) => {
                    listening.push(Arc::new(Served::new(Arc::clone(suite), Arc::clone(&self.inner), listener)));
                }
                Ok(None) => {}
                Err(error) => failed.push(FailedListen { suite: suite.name.to_string(), error }),
            }
        }
        if !failed.is_empty() {
            Err(ListenError::Failed(failed))
        } else if listening.is_empty() {
            Err(ListenError::NothingToListen)
        } else {
            Ok(Server::new(Arc::clone(&self.inner), listening))
        }
    }
}

impl<R> Clone for Multiserver<R> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), runtime: PhantomData }
    }
}

impl<R> fmt::Debug for Multiserver<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multiserver").field("suites", &self.inner.suites).finish_non_exhaustive()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("suites", &self.suites).finish_non_exhaustive()
    }
}
