//! A TCP port that can be open, refusing or hanging, and connections whose bytes can be taken over by a fault.

use crate::faults::Gate;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// What a handler decides for a request.
pub enum Reply {
    /// An ordinary answer.
    Http(Response<Full<Bytes>>),
    /// The connection is taken from HTTP and used up like this.
    Raw(Raw),
}

/// How a connection ends that a fault has taken over.
#[derive(Debug)]
pub enum Raw {
    /// Nothing is ever sent; ends when the client goes.
    Hang,
    /// RST.
    Reset,
    /// These bytes, then close.
    Write(Vec<u8>),
    /// The head at once, then one byte of the body a second.
    Trickle {
        /// Status line and headers.
        head: Vec<u8>,
        /// The body.
        body: Vec<u8>,
    },
    /// The head, then a body until the client goes, or [`ENDLESS`] bytes.
    Endless {
        /// Status line and headers.
        head: Vec<u8>,
    },
}

/// Where even an endless body ends, so that a client that reads on is stopped by us and not by its memory.
pub const ENDLESS: usize = 1 << 30;

type Handled = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// Answers the requests of one port.
pub type Handler = Arc<dyn Fn(Request<Incoming>) -> Handled + Send + Sync>;

/// The way to open, close and hang a port; the port itself lives in [`serve`].
#[derive(Clone, Debug)]
pub struct GateControl {
    commands: mpsc::Sender<(Gate, oneshot::Sender<()>)>,
}

impl GateControl {
    /// Returns when the port behaves as asked. Connections that are open are cut by any change.
    pub async fn set(&self, gate: Gate) {
        let (done, wait) = oneshot::channel();
        if self.commands.send((gate, done)).await.is_ok() {
            // An error says that the listener is gone, and then so is its gate.
            let _ = wait.await;
        }
    }
}

/// Binds a free port of the address.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    socket(address)?.listen(1024)
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// The three states of a port; in each of them the number stays ours.
enum Port {
    Open(TcpListener),
    /// Bound and not listening: the kernel refuses.
    Refusing {
        _socket: TcpSocket,
    },
    /// The shortest backlog, filled with connections of our own that nobody accepts: the kernel drops further SYNs.
    Hanging {
        _listener: TcpListener,
        _fillers: Vec<TcpStream>,
    },
}

impl Port {
    async fn new(address: SocketAddr, gate: Gate) -> io::Result<Self> {
        let socket = socket(address)?;
        Ok(match gate {
            Gate::Open => Port::Open(socket.listen(1024)?),
            Gate::Refuse => Port::Refusing { _socket: socket },
            Gate::Hang => {
                let listener = socket.listen(0)?;
                let mut fillers = Vec::new();
                // A backlog of 0 holds one connection. A loopback connect that takes 100 ms is one that hangs; twice,
                // because a bent clock or a busy machine can make a good one look so.
                let mut hangs = 0;
                while hangs < 2 && fillers.len() < 16 {
                    match tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
                        Ok(stream) => fillers.push(stream?),
                        Err(_) => hangs += 1,
                    }
                }
                Port::Hanging { _listener: listener, _fillers: fillers }
            }
        })
    }

    async fn accept(&self) -> io::Result<TcpStream> {
        match self {
            Port::Open(listener) => Ok(listener.accept().await?.0),
            _ => std::future::pending().await,
        }
    }
}

/// Serves a port until the returned future is dropped.
pub fn serve(listener: TcpListener, handler: Handler) -> io::Result<(GateControl, impl Future<Output = ()> + Send)> {
    let address = listener.local_addr()?;
    let (commands, mut received) = mpsc::channel::<(Gate, oneshot::Sender<()>)>(8);
    let run = async move {
        let mut gate = Gate::Open;
        let mut port = Some(Port::Open(listener));
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                // When nobody holds the control any more, the gate stays as it is.
                Some((wanted, done)) = received.recv() => {
                    if wanted != gate {
                        connections.shutdown().await;
                        drop(port.take());
                        port = Some(rebind(address, wanted).await);
                        gate = wanted;
                    }
                    // The asker may have given up waiting.
                    let _ = done.send(());
                }
                accepted = async { port.as_ref().expect("set again above").accept().await } => match accepted {
                    Ok(stream) => { connections.spawn(connection(stream, handler.clone())); }
                    // Too many open files, or a client that left already: the next accept may succeed.
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                },
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
    };
    Ok((GateControl { commands }, run))
}

/// The port was ours a moment ago; a client's outgoing connection may hold its number for as long as it lasts.
async fn rebind(address: SocketAddr, gate: Gate) -> Port {
    loop {
        match Port::new(address, gate).await {
            Ok(port) => return port,
            Err(e) => {
                eprintln!("aws-sim: cannot bind {address} again, trying on: {e}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, handler: Handler) {
    // Without it a small answer waits for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let (take_over, taken) = oneshot::channel::<Raw>();
    let take_over = Arc::new(Mutex::new(Some(take_over)));
    let service = service_fn(move |request| {
        let reply = handler(request);
        let take_over = take_over.clone();
        async move {
            match reply.await {
                Reply::Http(response) => Ok::<_, Infallible>(response),
                Reply::Raw(raw) => {
                    if let Some(sender) = take_over.lock().expect("no panic under this lock").take() {
                        // The receiver is gone only when the connection is.
                        let _ = sender.send(raw);
                    }
                    std::future::pending().await
                }
            }
        }
    });
    let mut http = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let raw = tokio::select! {
        // How a client breaks off is its own affair.
        _ = &mut http => return,
        raw = taken => raw,
    };
    if let Ok(raw) = raw {
        // As above: an error is the client's leaving.
        let _ = use_up(http.into_parts().io.into_inner(), raw).await;
    }
}

async fn use_up(mut stream: TcpStream, raw: Raw) -> io::Result<()> {
    match raw {
        Raw::Hang => until_gone(&mut stream).await,
        Raw::Reset => stream.set_zero_linger(),
        Raw::Write(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Raw::Trickle { head, body } => {
            stream.write_all(&head).await?;
            for byte in body {
                tokio::time::sleep(Duration::from_secs(1)).await;
                stream.write_all(&[byte]).await?;
            }
            stream.shutdown().await
        }
        Raw::Endless { head } => {
            stream.write_all(&head).await?;
            let chunk = [b'{'; 16 * 1024];
            for _ in 0..ENDLESS / chunk.len() {
                stream.write_all(&chunk).await?;
            }
            stream.shutdown().await
        }
    }
}

async fn until_gone(stream: &mut TcpStream) -> io::Result<()> {
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}
