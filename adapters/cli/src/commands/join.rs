//! `multiserver join`.

use crate::options::dial::DialOptions;
use crate::options::security::Security;
use crate::options::{AddressOptions, IdentityOptions};
use crate::process::runtime;
use crate::report::exit::{self, Class, Failure};
use crate::report::failure_words::no_connection;
use crate::report::log::notice;
use crate::seeds::{all_without_seeds, check_unknown_layers, without_seeds};
use crate::streams::parting::part_soon;
use clap::Args;
use multiserver_join::{Answer, Client};
use multiserver_tokio::core::keys::KeyPair;
use multiserver_tokio::{Connection, MultiAddress, Multiserver};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How long the server may take for its answer.
const DEADLINE: Duration = Duration::from_secs(15);

/// Use an invite: make our key known to a server, and print its address without the invite.
///
/// Over the invited connection we prove that we have our key; the server adds the key to those that it lets in, and the
/// invite is used up. The printed address then works for `connect` and `forward` with the same --identity.
///
/// It can be repeated: if our key is known already, the server says so, the invite is not used, and the address is
/// printed as well.
#[derive(Args)]
#[command(after_help = examples!(
    "join, and keep the address for later":
        "multiserver join --address-file for-alice > home.address",
    "what it is good for":
        "multiserver connect --address-file home.address"
))]
pub(crate) struct Options {
    #[command(flatten)]
    address: AddressOptions,
    #[command(flatten)]
    dial: DialOptions,
    #[command(flatten)]
    identity: IdentityOptions,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let addresses = options.address.parse()?;
    check_unknown_layers(&addresses)?;
    let identity = options.identity.load()?;
    let security = options.identity.security_of(Arc::clone(&identity))?;
    runtime::block_on(join(options, &addresses, &identity, security))
}

async fn join(
    options: &Options,
    addresses: &MultiAddress,
    identity: &KeyPair,
    security: Security,
) -> Result<(), Failure> {
    let invited = addresses.addresses().filter(|address| without_seeds(address).1).cloned();
    let invited = MultiAddress::new(invited)
        .ok_or_else(|| Failure::usage("this address is no invite: there is no seed behind its key"))?;
    let multiserver = options.dial.read()?.multiserver(&security)?;
    let address = all_without_seeds(addresses);
    apply(&multiserver, &invited, identity).await?;
    exit::print(address)
}

/// Makes our key known over the invited connection.
async fn apply(multiserver: &Multiserver, invited: &MultiAddress, identity: &KeyPair) -> Result<(), Failure> {
    let connection = multiserver.connect(invited).await.map_err(|error| {
        let failure = no_connection(&error);
        if error.may_be_refusal() {
            failure.hint("the invite may be spent or have expired; ask for another")
        } else {
            failure
        }
    })?;
    let answered = tokio::time::timeout(DEADLINE, ask(connection, identity)).await;
    let answer = answered.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let answer = answer.map_err(|error| Failure::failed(format_args!("the server did not answer: {error}")))?;
    match answer {
        Answer::Joined => Ok(()),
        Answer::AlreadyKnown => {
            notice(answer);
            Ok(())
        }
        Answer::Spent => Err(Failure::new(Class::Refused, answer)),
        Answer::NotStored | _ => Err(Failure::failed(answer)),
    }
}

async fn ask(mut connection: Connection, identity: &KeyPair) -> io::Result<Answer> {
    let binding = *connection.channel_binding().ok_or(io::ErrorKind::Unsupported)?;
    let answer = multiserver_tokio::drive(&mut Client::new(identity, &binding), &mut connection).await?;
    part_soon(connection).await;
    Ok(answer)
}
