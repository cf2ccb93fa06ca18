//! One connection to a Redis server: opened, authenticated, with its database selected.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::resp::{self, Reply};
use crate::error::LinkError;
use crate::server_url::{Credentials, Host};

/// How long the server may take for anything.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A TCP stream, or TLS over one.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What every connection of a broker is opened with.
pub(super) struct Address {
    pub(super) host: Host,
    pub(super) credentials: Option<Credentials>,
    pub(super) database: u32,
    pub(super) tls: Option<TlsConnector>,
}

pub(super) struct Connection {
    pub(super) writer: Writer,
    pub(super) reader: Reader,
}

pub(super) struct Writer(WriteHalf<Box<dyn Stream>>);

pub(super) struct Reader {
    stream: ReadHalf<Box<dyn Stream>>,
    buffer: BytesMut,
}

impl Connection {
    pub(super) async fn open(address: &Address) -> Result<Self, LinkError> {
        timeout(PATIENCE, Self::try_open(address)).await.map_err(|_| LinkError::TimedOut(PATIENCE.as_secs()))?
    }

    async fn try_open(address: &Address) -> Result<Self, LinkError> {
        let host = &address.host;
        let stream = TcpStream::connect((host.name.as_str(), host.port)).await?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &address.tls {
            None => Box::new(stream),
            Some(tls) => {
                let name = rustls::pki_types::ServerName::try_from(host.name.clone())
                    .map_err(|_| LinkError::Protocol("the host is no name that a certificate can have"))?;
                Box::new(tls.connect(name, stream).await?)
            }
        };
        let (reader, writer) = tokio::io::split(stream);
        let mut connection = Self { writer: Writer(writer), reader: Reader { stream: reader, buffer: BytesMut::new() } };
        let authenticate: &[&[u8]] = match &address.credentials {
            None => &[],
            Some(Credentials::Secret(password)) => &[b"AUTH", password.0.as_bytes()],
            Some(Credentials::User { name, password }) => &[b"AUTH", name.as_bytes(), password.0.as_bytes()],
        };
        if !authenticate.is_empty() {
            connection.call(authenticate).await?;
        }
        if address.database != 0 {
            connection.call(&[b"SELECT", address.database.to_string().as_bytes()]).await?;
        }
        Ok(connection)
    }

    /// Sends a command and waits for its answer, but no longer than [`PATIENCE`].
    pub(super) async fn call(&mut self, command: &[&[u8]]) -> Result<Reply, LinkError> {
        let mut bytes = BytesMut::new();
        resp::encode(command, &mut bytes);
        self.writer.write(&bytes).await?;
        self.reader.next(PATIENCE).await
    }
}

impl Writer {
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let write = async {
            self.0.write_all(bytes).await?;
            self.0.flush().await
        };
        Ok(timeout(PATIENCE, write).await.map_err(|_| LinkError::TimedOut(PATIENCE.as_secs()))??)
    }
}

impl Reader {
    /// The next answer. One that is an error is an error here.
    pub(super) async fn next(&mut self, patience: Duration) -> Result<Reply, LinkError> {
        let reply = timeout(patience, self.read()).await.map_err(|_| LinkError::TimedOut(patience.as_secs()))??;
        match reply {
            Reply::Error(said) => Err(LinkError::Refused(said)),
            reply => Ok(reply),
        }
    }

    async fn read(&mut self) -> Result<Reply, LinkError> {
        loop {
            let needed = match resp::decode(&mut self.buffer)? {
                Ok(reply) => {
                    if self.buffer.is_empty() {
                        // A large answer's room is not kept.
                        self.buffer = BytesMut::new();
                    }
                    return Ok(reply);
                }
                Err(needed) => needed,
            };
            while self.buffer.len() < needed {
                // What is announced is believed in steps: room is made for what has come.
                self.buffer.reserve((needed - self.buffer.len()).clamp(4096, 256 * 1024));
                if self.stream.read_buf(&mut self.buffer).await? == 0 {
                    return Err(LinkError::Closed);
                }
            }
        }
    }
}
