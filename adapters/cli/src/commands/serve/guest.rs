//! Guests: peers that connect with an invite can add their own key, and do nothing else.

use super::allow::AllowOptions;
use crate::streams::parting::hear_out;
use multiserver_join::{Answer, Server};
use multiserver_tokio::{Connection, PeerPermit, PublicKey};
use std::fmt::Display;
use std::time::Duration;

/// How long a guest may take for each of its two messages.
const DEADLINE: Duration = Duration::from_secs(5);

/// A peer that connected with an invite.
pub(super) struct Guest {
    pub(super) invite: PublicKey,
    pub(super) permit: PeerPermit,
}

/// Adds the key that the guest proves to those that are allowed, uses the invite, and returns the key.
pub(super) async fn join(mut connection: Connection, guest: &Guest, allow: &AllowOptions) -> Result<PublicKey, String> {
    let binding = *connection.channel_binding().ok_or("its connection has no channel binding")?;
    let mut server = Server::new(&binding);
    // From here on the invite is used up, and the guest has to be answered.
    let applicant = tokio::select! {
        applicant = in_time(multiserver_tokio::drive(&mut server, &mut connection)) => applicant?,
        () = guest.permit.evicted() => return Err("another guest came before it had said enough".to_owned()),
    };
    let peer = *applicant.peer();
    let (answer, result) = match allow.admit(guest.invite, peer).await {
        Ok(Answer::Joined) => (Answer::Joined, Ok(peer)),
        Ok(Answer::Spent) => (Answer::Spent, Err("it was used before".to_owned())),
        Ok(answer) => (answer, Err(format!("{peer} is known already"))),
        Err(reason) => (Answer::NotStored, Err(reason)),
    };
    let told = async {
        multiserver_tokio::drive(&mut applicant.answer(answer), &mut connection).await?;
        connection.close().await
    };
    match in_time(told).await {
        Ok(()) => hear_out(&mut connection).await,
        Err(error) => tracing::debug!("the guest does not know how it ended: {error}"),
    }
    result
}

async fn in_time<T, E: Display>(work: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match tokio::time::timeout(DEADLINE, work).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("it said nothing for {DEADLINE:?}")),
    }
}
