//! `shs-attack`: attacks a peer of the secret handshake and prints its grade.
#![forbid(unsafe_code)]

use anyhow::{Context, Result, anyhow};
use clap::{Args, Parser, Subcommand};
use multiserver_attack::grade::{Limits, Options, grade};
use multiserver_attack::kind::Kind;
use multiserver_attack::parties::Parties;
use multiserver_attack::targets::{Server, Target, words};
use multiserver_attack::vectors;
use multiserver_core::keys::{NetworkKey, PublicKey};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;

/// Attacks a server or a client of the secret handshake (shs1), whatever its language, and prints its grade.
///
/// The exit status is 0 when the peer held against every attack, 1 when it did not, and 2 when it cannot be graded.
#[derive(Debug, Parser)]
#[command(name = "shs-attack", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A server as a process on standard input and output, as npm shs1-test has it.
    ///
    /// It is started for each attack, with three arguments more: the network key, its secret key (the seed and the
    /// public key) and its public key, in hexadecimal digits. When it accepted, it writes its keys and exits with status
    /// 0: 32 bytes to encrypt, a nonce of 24, 32 to decrypt, a nonce of 24. When it refuses, it exits with another status.
    StdioServer(Stdio),
    /// A client as a process on standard input and output, as npm shs1-test has it.
    ///
    /// As `stdio-server`, with two arguments more: the network key and the server's public key.
    StdioClient(Stdio),
    /// A server on a socket, which accepts every client and goes on to a box stream.
    ///
    /// It closes a connection that it refuses, and answers the goodbye of a box stream by its own.
    Server(OnSocket),
    /// A client on a socket, which goes on to a box stream.
    ///
    /// It closes a connection that it refuses, and answers the goodbye of a box stream by its own.
    Client(ClientOnSocket),
    /// Prints the vectors, as JSON, for tests without sockets and processes.
    Vectors,
    /// Prints what the attacks are.
    Kinds,
}

#[derive(Debug, Args)]
struct Stdio {
    #[command(flatten)]
    grading: GradingOptions,
    /// The program and its first arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

#[derive(Debug, Args)]
struct OnSocket {
    #[command(flatten)]
    grading: GradingOptions,
    /// Where the server listens, HOST:PORT.
    #[arg(required_unless_present = "command")]
    address: Option<String>,
    /// Starts the server by this command, and anew when an attack ends it. It prints HOST:PORT in its first line.
    #[arg(long, conflicts_with = "address")]
    command: Option<String>,
    /// The server's public key, in base64.
    #[arg(long)]
    server_key: PublicKey,
}

#[derive(Debug, Args)]
struct ClientOnSocket {
    #[command(flatten)]
    grading: GradingOptions,
    /// Starts the client for each attack by this command, in which {host}, {port} and {server_key} are replaced.
    #[arg(long, required_unless_present = "listen")]
    command: Option<String>,
    /// Listens here for a client that connects again and again, and prints the address and the server's key.
    #[arg(long, conflicts_with = "command", value_name = "HOST:PORT")]
    listen: Option<String>,
}

#[derive(Debug, Args)]
struct GradingOptions {
    /// A file with the network key in base64; without it, the key of Scuttlebutt's main network.
    #[arg(long, value_name = "FILE")]
    network_key_file: Option<PathBuf>,
    /// Tries these kinds of attacks only; `kinds` prints them.
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    kinds: Vec<Kind>,
    /// Flips one bit of every byte, and not every bit.
    #[arg(long)]
    quick: bool,
    /// The longest that one attack may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    deadline: u64,
    /// The pause between two pieces of a message, in milliseconds.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 1)]
    pause: u64,
    /// How many attacks are made at the same time.
    #[arg(long, default_value_t = 4)]
    jobs: usize,
    /// Prints every attack that the peer did not hold against.
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result =
        runtime.context("the runtime does not start").and_then(|runtime| runtime.block_on(run(CommandLine::parse())));
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("shs-attack: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether the peer has full marks.
async fn run(CommandLine { command }: CommandLine) -> Result<bool> {
    match command {
        Command::StdioServer(Stdio { grading, command }) => {
            attack(Target::StdioServer(command), &Parties::fixed(grading.network()?), &grading).await
        }
        Command::StdioClient(Stdio { grading, command }) => {
            attack(Target::StdioClient(command), &Parties::fixed(grading.network()?), &grading).await
        }
        Command::Server(OnSocket { grading, address, command, server_key }) => {
            let server = match command {
                Some(command) => Server::start(words(&command)?).await?,
                None => Server::at(&address.unwrap_or_default()),
            };
            let parties = Parties::with_server(grading.network()?, *server_key.as_bytes());
            attack(Target::Server(server), &parties, &grading).await
        }
        Command::Client(ClientOnSocket { grading, command, listen }) => {
            let parties = Parties::fixed(grading.network()?);
            let target = match command {
                Some(command) => Target::ClientCommand(words(&command)?),
                None => {
                    let listener = TcpListener::bind(listen.unwrap_or_default()).await?;
                    println!("{} {}", listener.local_addr()?, PublicKey::from_bytes(parties.server));
                    Target::ClientListener(listener)
                }
            };
            attack(target, &parties, &grading).await
        }
        Command::Vectors => {
            print!("{}", vectors::text()?);
            Ok(true)
        }
        Command::Kinds => {
            Kind::ALL.iter().for_each(|kind| println!("{:15}{}", kind.name(), kind.sentence()));
            Ok(true)
        }
    }
}

async fn attack(mut target: Target, parties: &Parties, grading: &GradingOptions) -> Result<bool> {
    let report = grade(&mut target, parties, &grading.options()).await?;
    print!("{report}");
    if grading.verbose {
        report.faults().for_each(|(id, verdict)| println!("{id}: {verdict:?}"));
    }
    Ok(report.full_marks())
}

impl GradingOptions {
    fn network(&self) -> Result<[u8; 32]> {
        let Some(path) = &self.network_key_file else { return Ok(*NetworkKey::SSB_MAIN.as_bytes()) };
        let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
        let key: NetworkKey = text.trim().parse().with_context(|| format!("{}", path.display()))?;
        Ok(*key.as_bytes())
    }

    fn options(&self) -> Options {
        let (deadline, pause) = (Duration::from_secs(self.deadline), Duration::from_millis(self.pause));
        let limits = Limits { deadline, pause };
        Options { limits, jobs: self.jobs, kinds: self.kinds.clone(), quick: self.quick }
    }
}

fn kind(name: &str) -> Result<Kind> {
    Kind::ALL.iter().find(|kind| kind.name() == name).copied().ok_or_else(|| anyhow!("no kind of attack has this name"))
}
