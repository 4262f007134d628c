//! `multiserver connect`.

use crate::options::dial::DialOptions;
use crate::options::duration;
use crate::options::security::Security;
use crate::options::{AddressOptions, IdentityOptions};
use crate::process::runtime;
use crate::report::exit::{Class, Failure};
use crate::report::failure_words;
use crate::seeds::without_seeds;
use crate::streams::pipe::Ends;
use crate::streams::standard;
use clap::Args;
use multiserver_tokio::{MultiAddress, PublicKey};
use std::time::Duration;

/// Connect to an address, and pipe standard input to the peer and the peer's bytes to standard output.
///
/// At the end of standard input we say goodbye to the peer; what the peer still sends is printed until it says goodbye
/// too. The exit status is 0 when both sides did, and otherwise one line on standard error says what went wrong.
///
/// If the address has several alternatives, the first one that answers and proves its key is used.
#[derive(Args)]
#[command(after_help = examples!(
    "talk to a peer":
        "multiserver connect 'net:example.com:8008~shs:KEY'",
    "take what it sends, and send nothing":
        "multiserver connect --recv-only ADDRESS > gift.tar",
    "ask and be answered, as somebody else":
        "multiserver connect --address-file home.address --identity alice.identity < request > answer",
    "by a name from the configuration file":
        "multiserver connect home"
))]
pub(crate) struct Options {
    #[command(flatten)]
    address: AddressOptions,
    /// Send nothing and do not read standard input; say goodbye when the peer has.
    #[arg(long)]
    recv_only: bool,
    /// When standard input has ended and the peer is silent for this long, end as if it had said goodbye.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, conflicts_with = "recv_only")]
    eof_timeout: Option<Duration>,
    #[command(flatten)]
    dial: DialOptions,
    #[command(flatten)]
    identity: IdentityOptions,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let address = options.address.parse()?;
    let identity = options.identity.load()?;
    let key = identity.public();
    let security = options.identity.security_of(identity)?;
    runtime::block_on(connect(options, address, security, key))
}

async fn connect(options: &Options, address: MultiAddress, security: Security, key: PublicKey) -> Result<(), Failure> {
    let multiserver = options.dial.read()?.multiserver(&security)?;
    let connection = multiserver.connect(&address).await.map_err(|error| {
        let failure = failure_words::no_connection(&error);
        if error.may_be_refusal() {
            failure.hint(format_args!("our key is {key}: it may have to be allowed there"))
        } else if failure.class() == Class::Unreachable {
            failure.hint("`multiserver ping` shows how far each way goes")
        } else {
            failure
        }
    })?;
    if let Some(address) = connection.peer_address() {
        tracing::info!(address = %address.redacted(), "connected");
    }
    let ended = if options.recv_only {
        standard::receive_only(connection).await
    } else {
        standard::standard_streams(connection, Ends { silence: options.eof_timeout, ..Ends::WITH_OUTPUT }).await
    };
    let is_invite = address.addresses().any(|address| without_seeds(address).1);
    ended.map_err(|failure| if is_invite { failure.hint("an invite is for `multiserver join`") } else { failure })
}
