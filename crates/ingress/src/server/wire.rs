use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::ServerLimits;
use super::head::HeadScan;

/// How long, and how many bytes, a refused client may go on sending before it is cut off.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 4 * 1024 * 1024;

/// What a connection is doing; shared by its socket, its requests and the register of places.
///
/// Only the connection's own task changes it, so nothing is ordered by it.
#[derive(Debug, Default)]
pub(super) struct Phase {
    now: AtomicU8,
    malformed: AtomicBool,
    refused: AtomicBool,
}

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const BUSY: u8 = 2;

impl Phase {
    /// A request's head is complete.
    pub(super) fn request(&self) {
        self.now.store(BUSY, Relaxed);
    }

    /// `refused`: the connection ends with this answer, whatever the client may still be sending.
    pub(super) fn answered(&self, refused: bool) {
        self.now.store(IDLE, Relaxed);
        self.refused.store(refused, Relaxed);
    }

    pub(super) fn is_busy(&self) -> bool {
        self.now.load(Relaxed) == BUSY
    }

    pub(super) fn is_malformed(&self) -> bool {
        self.malformed.load(Relaxed)
    }
}

/// The socket under hyper: it knows the time limits of a connection that has no request under way.
///
/// hyper's own header timeout also runs while a connection is idle, so it would have to be one
/// and the same; and it makes a new timer for every request.
pub(super) struct Wire {
    stream: TcpStream,
    phase: Arc<Phase>,
    scan: HeadScan,
    timer: Pin<Box<Sleep>>,
    /// The phase that the timer was set for; `BUSY` for none.
    timed: u8,
    header_timeout: Duration,
    idle_timeout: Duration,
    lingered: Option<usize>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, phase: Arc<Phase>, limits: &ServerLimits) -> Self {
        Self {
            stream,
            phase,
            scan: HeadScan::default(),
            timer: Box::pin(sleep_until(Instant::now() + limits.idle_timeout)),
            timed: IDLE,
            header_timeout: limits.header_timeout,
            idle_timeout: limits.idle_timeout,
            lingered: None,
        }
    }

    /// Bytes outside a request begin one. What is pipelined behind a request is not scanned; it
    /// does no harm, for hyper ends a connection after a body that is framed twice.
    fn has_read(&mut self, bytes: &[u8]) {
        let now = self.phase.now.load(Relaxed);
        if now == BUSY || bytes.is_empty() {
            return;
        }
        if now == IDLE {
            self.scan = HeadScan::default();
            self.timed = BUSY;
            self.phase.now.store(HEAD, Relaxed);
        }
        self.scan.read(bytes);
        self.phase.malformed.store(self.scan.is_malformed(), Relaxed);
    }

    /// Nothing has come: is it time to give up? A request's own handler limits its time.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let now = self.phase.now.load(Relaxed);
        if now == BUSY {
            return Poll::Pending;
        }
        if now != self.timed {
            self.timed = now;
            let patience = if now == HEAD { self.header_timeout } else { self.idle_timeout };
            self.timer.as_mut().reset(Instant::now() + patience);
        }
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    /// Swallows what a refused client still sends: closing on it would reset the connection, and
    /// the client might never see the answer.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.lingered.is_none() {
            self.lingered = Some(0);
            self.timer.as_mut().reset(Instant::now() + LINGER);
        }
        let mut waste = [0; 4096];
        while self.lingered.is_some_and(|bytes| bytes < LINGER_BYTES) && self.timer.as_mut().poll(cx).is_pending() {
            let mut waste = ReadBuf::new(&mut waste);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut waste)) {
                Ok(()) if !waste.filled().is_empty() => {
                    self.lingered = self.lingered.map(|bytes| bytes + waste.filled().len());
                }
                _ => break,
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        let before = buf.filled().len();
        match Pin::new(&mut wire.stream).poll_read(cx, buf) {
            Poll::Ready(result) => {
                wire.has_read(&buf.filled()[before..]);
                Poll::Ready(result)
            }
            Poll::Pending => wire.poll_patience(cx).map(Err),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        if wire.lingered.is_none() {
            ready!(Pin::new(&mut wire.stream).poll_shutdown(cx))?;
        }
        if wire.phase.refused.load(Relaxed) {
            ready!(wire.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
