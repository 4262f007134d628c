//! A program that runs for one peer, with all that it starts in its turn.

use crate::streams::output::Output;
#[cfg(unix)]
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::process::ExitStatus;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Notify;

/// How long the end of a program is waited for behind the end of its output, before the peer hears of that; not at all
/// where no end can be seen.
const HOLD: Duration = if cfg!(unix) { Duration::from_secs(2) } else { Duration::ZERO };

/// How long those that are asked to end have before they are killed.
#[cfg(unix)]
const NOTICE: Duration = Duration::from_secs(2);

/// A program in a process group of its own, where all that it starts is too, unless it leaves; a drop kills the group.
///
/// The program is reaped last of all: until then its id, which is the group's, is nobody else's.
pub(super) struct Program {
    child: Child,
    /// The group, until the program is reaped.
    #[cfg(unix)]
    group: Option<Pid>,
}

/// The end of a program: the number of the signal that ended it, if one did.
type Exit = Pin<Box<dyn Future<Output = Option<i32>> + Send>>;

impl Program {
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        command.process_group(0);
        let child = command.kill_on_drop(true).spawn()?;
        Ok(Self {
            #[cfg(unix)]
            group: child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw),
            child,
        })
    }

    /// What goes to the program and what comes from it; the end of the latter waits for the program, but not long, and is
    /// an error when a signal has ended it.
    pub(super) fn streams(&mut self) -> io::Result<(Input, impl AsyncRead + Send + Unpin + 'static)> {
        let exit = self.exit()?;
        let (Some(input), Some(output)) = (self.child.stdin.take(), self.child.stdout.take()) else {
            return Err(io::Error::other("its standard streams are missing"));
        };
        let end = async {
            match tokio::time::timeout(HOLD, exit).await {
                Ok(Some(signal)) => Err(io::Error::other(format!("the program was ended by signal {signal}"))),
                Ok(None) => Ok(()),
                Err(_) => {
                    tracing::info!("the program has closed its output, and goes on");
                    Ok(())
                }
            }
        };
        Ok((Input { pipe: Some(input), is_deaf: Arc::default() }, output.chain(End(Box::pin(end)))))
    }

    /// Waits for the program, but does not reap it.
    #[cfg(unix)]
    pub(super) fn exit(&self) -> io::Result<Exit> {
        // Caught before the first look, so that no end is missed.
        let mut ends = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::child())?;
        let Some(id) = self.group else { return Ok(Box::pin(std::future::ready(None))) };
        Ok(Box::pin(async move {
            loop {
                match waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG) {
                    Ok(Some(status)) => return status.terminating_signal(),
                    Err(rustix::io::Errno::INTR) => continue,
                    // Somebody else has reaped it.
                    Err(_) => return None,
                    Ok(None) => {}
                }
                ends.recv().await?;
            }
        }))
    }

    /// An end that never comes: here nobody can look at a program without reaping it, and no signal ends one.
    #[cfg(not(unix))]
    pub(super) fn exit(&self) -> io::Result<Exit> {
        Ok(Box::pin(std::future::pending()))
    }

    /// Waits so long for the program to end by itself, and returns how it ended, unless it did not and was killed with its
    /// group. What else it has left running keeps to itself.
    pub(super) async fn finish(mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let has_ended = self.has_ended(patience).await?;
        if !has_ended {
            self.end_group().await;
        }
        let status = self.reap().await?;
        Ok(has_ended.then_some(status))
    }

    /// Waits so long for the program to end by itself, then ends whatever is left of its group, and returns whether the
    /// program was among that.
    pub(super) async fn abandon(mut self, patience: Duration) -> io::Result<bool> {
        let has_ended = self.has_ended(patience).await?;
        self.end_group().await;
        self.reap().await?;
        Ok(!has_ended)
    }

    #[cfg(unix)]
    async fn has_ended(&mut self, patience: Duration) -> io::Result<bool> {
        Ok(tokio::time::timeout(patience, self.exit()?).await.is_ok())
    }

    #[cfg(not(unix))]
    async fn has_ended(&mut self, patience: Duration) -> io::Result<bool> {
        Ok(tokio::time::timeout(patience, self.child.wait()).await.is_ok())
    }

    /// Asks all of the group to end, and kills who has not done so in time.
    ///
    /// The time is always waited for: a group whose first program is not reaped does not tell whether anybody else is left.
    #[cfg(unix)]
    async fn end_group(&mut self) {
        self.signal(Signal::TERM);
        tokio::time::sleep(NOTICE).await;
        self.signal(Signal::KILL);
    }

    #[cfg(not(unix))]
    async fn end_group(&mut self) {
        if let Err(error) = self.child.start_kill() {
            tracing::debug!("cannot kill a program: {error}");
        }
    }

    /// Waits for the program, and lets go of its id.
    async fn reap(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        #[cfg(unix)]
        {
            self.group = None;
        }
        status
    }

    #[cfg(unix)]
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group
            && let Err(error) = kill_process_group(group, signal)
        {
            tracing::debug!("cannot signal a program's group: {error}");
        }
    }
}

#[cfg(unix)]
impl Drop for Program {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Comes behind the last byte: nothing more, once this is over.
struct End(Pin<Box<dyn Future<Output = io::Result<()>> + Send>>);

impl AsyncRead for End {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll(cx)
    }
}

/// The program's standard input, which takes what the program does not want to read any more, and drops it.
pub(super) struct Input {
    pipe: Option<ChildStdin>,
    is_deaf: Arc<Notify>,
}

impl Input {
    /// Is notified once what comes is for nobody.
    pub(super) fn is_deaf(&self) -> Arc<Notify> {
        Arc::clone(&self.is_deaf)
    }
}

impl AsyncWrite for Input {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Some(input) = &mut self.pipe else { return Poll::Ready(Ok(bytes.len())) };
        match ready!(Pin::new(input).poll_write(cx, bytes)) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                tracing::debug!("the program takes nothing more");
                self.pipe = None;
                self.is_deaf.notify_one();
                Poll::Ready(Ok(bytes.len()))
            }
            written => Poll::Ready(written),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pipe.as_mut().map_or(Poll::Ready(Ok(())), |input| Pin::new(input).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pipe.as_mut().map_or(Poll::Ready(Ok(())), |input| Pin::new(input).poll_shutdown(cx))
    }
}

/// A program cannot tell how its input ended.
impl Output for Input {
    fn cut(self: Box<Self>) {}
}
