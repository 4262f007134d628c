//! `multiserver invite`.

use crate::files::durable::NewFile;
use crate::files::identity;
use crate::files::invites::{Invite, InviteFile};
use crate::options::AddressOptions;
use crate::options::{count, duration, new_file};
use crate::report::exit::{self, Failure};
use crate::report::mask::shown_path;
use crate::seeds::{check_unknown_layers, with_seed};
use clap::{Args, ValueHint};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// The end of the year 9999, the last that RFC 3339 can write, in seconds since 1970.
const LAST_SECOND: u64 = 253_402_300_799;

/// Make an invite to a server, and print its address with the invite, for `join`, or write it to a file.
///
/// The holder of the invite may add a key of its own to those that the server lets in, once unless --uses says
/// otherwise; the invite allows nothing else. The server has to run with the same file: `serve --invites FILE
/// --allow-file FILE`. The printed address is a secret; --output writes it to a file that other users cannot read. The
/// file of invites holds no secrets.
#[derive(Args)]
#[command(after_help = examples!(
    "let one person in":
        "multiserver invite --invites invites --output for-alice 'net:example.com:8008~shs:KEY'",
    "what Alice does with it":
        "multiserver join --address-file for-alice",
    "let five people in, within a week":
        "multiserver invite --invites invites --uses 5 --expires 7d --address-file home.address"
))]
pub(crate) struct Options {
    /// The server's address, as the server printed it.
    #[command(flatten)]
    address: AddressOptions,
    /// The file of invites, which is created when it is missing.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = new_file::parse)]
    invites: PathBuf,
    /// How many keys may join by it.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count::parse::<u32>)]
    uses: u32,
    /// How long it may be used, such as 12h or 7d; without this option it does not expire.
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    expires: Option<Duration>,
    /// Write the invite to this new file of mode 0600 instead of printing it. A file that exists is never overwritten.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = new_file::parse)]
    output: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let addresses = options.address.parse()?;
    check_unknown_layers(&addresses)?;
    let guest = identity::generate()?;
    let (invited, has_handshake) = with_seed(&addresses, guest.seed());
    if !has_handshake {
        return Err(Failure::usage("an invite needs an address with shs or noise, which proves who joins by it"));
    }
    let now = SystemTime::now();
    let expires = options.expires.map(|time| end(now, time).ok_or("--expires is too far away: behind the year 9999"));
    let expires = expires.transpose().map_err(Failure::usage)?;
    let invite = Invite { key: guest.public(), uses: options.uses, expires };
    let invited = Zeroizing::new(invited.to_string());
    let output = options.output.as_deref().map(|path| Output::prepare(path, &invited)).transpose()?;
    let file = InviteFile::at(&options.invites);
    // Added before it is printed, so that a printed invite always works.
    file.add(&invite, now).map_err(|error| {
        Failure::failed(format_args!("cannot add to the invites in {}: {error}", shown_path(file.path())))
    })?;
    output.map_or_else(|| exit::print(invited.as_str()), Output::commit)
}

/// The file that an invite is written to.
struct Output<'a> {
    path: &'a Path,
    file: NewFile<'a>,
}

impl<'a> Output<'a> {
    fn prepare(path: &'a Path, invited: &str) -> Result<Self, Failure> {
        let text = Zeroizing::new(format!("{invited}\n"));
        let file = NewFile::prepare(path, &text).map_err(|error| cannot_create(path, &error))?;
        Ok(Self { path, file })
    }

    fn commit(self) -> Result<(), Failure> {
        self.file.commit().map_err(|error| cannot_create(self.path, &error))
    }
}

fn cannot_create(path: &Path, error: &io::Error) -> Failure {
    let path = shown_path(path);
    if error.kind() == ErrorKind::AlreadyExists {
        Failure::failed(format_args!("{path} exists already, and no invite overwrites it"))
    } else {
        Failure::failed(format_args!("cannot create {path} for the invite: {error}"))
    }
}

/// The end of this time, if the file can express it.
fn end(now: SystemTime, time: Duration) -> Option<SystemTime> {
    let last = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(LAST_SECOND))?;
    now.checked_add(time).filter(|end| *end <= last)
}
