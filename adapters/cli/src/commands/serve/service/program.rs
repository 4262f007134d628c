//! A program that runs for one peer, and the processes that it starts.

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

/// How long to wait for the program's end after the end of its output, before that end is passed on to the peer; no
/// time on platforms where the program's end cannot be observed.
const HOLD: Duration = if cfg!(unix) { Duration::from_secs(2) } else { Duration::ZERO };

/// How long processes have to end after SIGTERM before they are killed.
#[cfg(unix)]
const NOTICE: Duration = Duration::from_secs(2);

/// A program in a process group of its own. The processes that it starts are in that group too, unless they leave it.
/// Dropping this kills the group.
///
/// The program is reaped last: until then the system gives its id, which is the group's, to no other process.
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

    /// The program's input and its output. The end of the output waits for the program's end, but not long, and is an
    /// error if a signal has ended the program.
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
        // Caught before the first check, so that no end is missed.
        let mut ends = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::child())?;
        let Some(id) = self.group else { return Ok(Box::pin(std::future::ready(None))) };
        Ok(Box::pin(async move {
            loop {
                match waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG) {
                    Ok(Some(status)) => return status.terminating_signal(),
                    Err(rustix::io::Errno::INTR) => continue,
                    // Other code has reaped it.
                    Err(_) => return None,
                    Ok(None) => {}
                }
                ends.recv().await?;
            }
        }))
    }

    /// A future that never ends: this platform cannot observe a program's end without reaping it, and has no signals
    /// that end one.
    #[cfg(not(unix))]
    pub(super) fn exit(&self) -> io::Result<Exit> {
        Ok(Box::pin(std::future::pending()))
    }

    /// Waits this long for the program to end by itself, and returns how it ended; if it does not end, it is killed
    /// with its group. Otherwise, processes that it has left behind go on.
    pub(super) async fn finish(mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let has_ended = self.has_ended(patience).await?;
        if !has_ended {
            self.end_group().await;
        }
        let status = self.reap().await?;
        Ok(has_ended.then_some(status))
    }

    /// Waits this long for the program to end by itself, then ends all that is left of its group, and returns whether
    /// the program was still running.
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

    /// Sends SIGTERM to the whole group, and SIGKILL to the processes that have not ended in time.
    ///
    /// It always waits for the whole time, since a group whose first program is not reaped does not show whether other
    /// processes are left.
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

    /// Waits for the program and reaps it, after which its id is free.
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

/// A reader that is placed after the last byte: it ends when this future does.
struct End(Pin<Box<dyn Future<Output = io::Result<()>> + Send>>);

impl AsyncRead for End {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll(cx)
    }
}

/// The program's standard input; when the program has closed it, bytes are accepted and dropped.
pub(super) struct Input {
    pipe: Option<ChildStdin>,
    is_deaf: Arc<Notify>,
}

impl Input {
    /// Is notified once the program does not read its input any more.
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

/// A program cannot learn how its input ended, so a cut is the same as an end.
impl Output for Input {
    fn cut(self: Box<Self>) {}
}
