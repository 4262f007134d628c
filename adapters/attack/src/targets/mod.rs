//! The peer under test, and how it is reached: as a process on standard input and output, or over a socket.

mod link;
mod process;
mod server;

pub use link::Link;
pub use server::Server;

use crate::kind::Side;
use crate::parties::Parties;
use anyhow::{Result, ensure};
use data_encoding::HEXLOWER;
use multiserver_core::keys::{KeyPair, PublicKey};
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// What a peer does once it accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// It writes its keys and exits, as npm `shs1-test` has it.
    Exits,
    /// It goes on to a box stream, reads it to its goodbye, and says goodbye itself.
    Streams,
}

/// The peer under test.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a program has one")]
pub enum Target {
    /// A server as a process, which the runner starts for each attack: its arguments are the network key, its secret key
    /// (the seed and the public key) and its public key, in hexadecimal digits.
    StdioServer(Vec<String>),
    /// A client as a process, which the runner starts for each attack: its arguments are the network key and the
    /// server's public key.
    StdioClient(Vec<String>),
    /// A server at an address.
    Server(Server),
    /// A client that the runner starts for each attack: `{host}`, `{port}` and `{server_key}` in its arguments are replaced.
    ClientCommand(Vec<String>),
    /// A client that connects to this listener again and again.
    ClientListener(TcpListener),
}

impl Target {
    /// The side of the handshake that it is on.
    #[must_use]
    pub const fn side(&self) -> Side {
        match self {
            Self::StdioServer(_) | Self::Server(_) => Side::Server,
            Self::StdioClient(_) | Self::ClientCommand(_) | Self::ClientListener(_) => Side::Client,
        }
    }

    /// What it does once it accepted.
    #[must_use]
    pub const fn goes(&self) -> Goes {
        match self {
            Self::StdioServer(_) | Self::StdioClient(_) => Goes::Exits,
            Self::Server(_) | Self::ClientCommand(_) | Self::ClientListener(_) => Goes::Streams,
        }
    }

    /// Whether the runner chooses the server's key that it is told.
    #[must_use]
    pub const fn takes_server_key(&self) -> bool {
        matches!(self, Self::StdioClient(_) | Self::ClientCommand(_))
    }

    /// A new connection; `server_key` is the server's long-term key, as a client is told.
    pub(crate) async fn link(&self, parties: &Parties, server_key: &[u8; 32]) -> Result<Link> {
        let network = HEXLOWER.encode(&parties.network);
        match self {
            Self::StdioServer(command) => {
                let (secret, public) = secret_key(&parties.server_pair);
                Link::to_process(process::start(command, &[&network, &secret, &public])?)
            }
            Self::StdioClient(command) => {
                Link::to_process(process::start(command, &[&network, &HEXLOWER.encode(server_key)])?)
            }
            Self::Server(server) => Ok(Link::to_socket(server.connect().await?)),
            Self::ClientCommand(command) => {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
                let command = filled(command, listener.local_addr()?, server_key);
                let child = process::start_client(&command)?;
                Link::accept(&listener, child).await
            }
            Self::ClientListener(listener) => Ok(Link::to_socket(listener.accept().await?.0)),
        }
    }
}

/// A pair's secret and public key, in hexadecimal digits.
fn secret_key(pair: &KeyPair) -> (String, String) {
    let public = pair.public();
    let secret = [pair.seed().as_bytes().as_slice(), public.as_bytes()].concat();
    (HEXLOWER.encode(&secret), format!("{public:x}"))
}

/// A command whose placeholders are replaced.
fn filled(command: &[String], address: SocketAddr, server_key: &[u8; 32]) -> Vec<String> {
    let key = PublicKey::from_bytes(*server_key).to_string();
    let fill = |argument: &String| {
        let argument = argument.replace("{host}", &address.ip().to_string());
        argument.replace("{port}", &address.port().to_string()).replace("{server_key}", &key)
    };
    command.iter().map(fill).collect()
}

/// A command line in words: a word in quotation marks may have spaces.
///
/// # Errors
/// It has no word, or a quotation mark has no end.
pub fn words(line: &str) -> Result<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let (mut quote, mut between) = (None, true);
    for character in line.chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                if std::mem::take(&mut between) {
                    words.push(String::new());
                }
            }
            (None, ' ') => between = true,
            (_, character) => {
                if std::mem::take(&mut between) {
                    words.push(String::new());
                }
                if let Some(word) = words.last_mut() {
                    word.push(character);
                }
            }
        }
    }
    ensure!(quote.is_none(), "a quotation mark of the command has no end");
    ensure!(!words.is_empty(), "the command is empty");
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted_by_spaces_outside_of_quotation_marks() {
        assert_eq!(words("a  'b c' d\"e'f\"g ''").unwrap(), ["a", "b c", "de'fg", ""]);
        assert!(words(" ").is_err() && words("a 'b").is_err());
    }

    #[test]
    fn placeholders_are_filled() {
        let command = words("connect net:{host}:{port}~shs:{server_key}").unwrap();
        let filled = filled(&command, ([127, 0, 0, 1], 8008).into(), &[0; 32]);
        assert_eq!(filled, ["connect", "net:127.0.0.1:8008~shs:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]);
    }
}
