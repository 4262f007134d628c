//! The files of Unix sockets.

use crate::support::{accept, exchange, multiserver, run, serving};
use crate::{File, Tested};
use futures_util::future::join;
use multiserver_compose::{Multiserver, NoAuth, Unix};
use multiserver_core::address::Scope;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

async fn listen<R: Tested>(path: &Path) -> Result<multiserver_compose::Server<R>, String> {
    multiserver::<R>(Unix::bind(path).then(NoAuth)).listen().await.map_err(|error| error.to_string())
}

/// The names in the directory of this path.
fn names(path: &Path) -> usize {
    fs::read_dir(path.parent().unwrap()).unwrap().count()
}

/// The file has mode 0600, no other file is left beside it, and it is removed at the end.
pub fn the_file_is_its_owners_and_goes_with_its_server<R: Tested>() {
    run::<R>(async {
        let way = File::default();
        let path = way.path();
        let mut server = listen::<R>(&path).await.unwrap();
        let metadata = fs::symlink_metadata(&path).unwrap();
        assert!(metadata.file_type().is_socket());
        assert_eq!((metadata.permissions().mode() & 0o777, names(&path)), (0o600, 1));
        let address = server.address(Scope::Device).unwrap();
        assert_eq!(address.to_string(), format!("unix:{}~noauth", path.display()));
        assert_eq!((server.address(Scope::Local), server.address(Scope::Public)), (None, None));
        let client = multiserver::<R>(Unix::dial_only().then(NoAuth));
        let talk = async { exchange(client.connect(&address).await.unwrap(), b"hello").await.unwrap() };
        let answer = async { crate::support::echo_back(accept(&mut server).await).await };
        assert_eq!(join(talk, answer).await.0, b"hello");
        drop(server);
        assert_eq!(names(&path), 0);
    });
}

/// A file that a program left behind is replaced, and one that is in use is not.
pub fn only_a_stale_file_is_replaced<R: Tested>() {
    run::<R>(async {
        let way = File::default();
        let path = way.path();
        drop(UnixListener::bind(&path).unwrap());
        let stale = fs::symlink_metadata(&path).unwrap().ino();
        let server = listen::<R>(&path).await.unwrap();
        assert_ne!(stale, fs::symlink_metadata(&path).unwrap().ino());
        assert_eq!(names(&path), 1);

        let text = listen::<R>(&path).await.unwrap_err();
        assert!(text.contains("somebody listens there already"), "{text}");
        assert_eq!(names(&path), 1);
        drop(server);

        fs::write(&path, "precious").unwrap();
        let text = listen::<R>(&path).await.unwrap_err();
        assert!(text.contains("is no socket"), "{text}");
        assert_eq!((fs::read(&path).unwrap().as_slice(), names(&path)), (&b"precious"[..], 1));
    });
}

/// A server that closes does not remove another server's file.
pub fn anothers_file_is_not_removed<R: Tested>() {
    run::<R>(async {
        let way = File::default();
        let path = way.path();
        let server = listen::<R>(&path).await.unwrap();
        fs::remove_file(&path).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(server);
        assert!(path.exists());
    });
}

/// Several sockets in one process, with a handshake over one of them.
pub fn one_process_has_several<R: Tested>() {
    run::<R>(async {
        let way = File::default();
        let suite = || serving(&way, false);
        let multiserver = Multiserver::<R>::builder().suite(suite()).suite(suite()).build().unwrap();
        let server = multiserver.listen().await.unwrap();
        let addresses = server.address(Scope::Device).unwrap();
        assert_eq!(addresses.addresses().count(), 2);
        assert!(matches!(multiserver.listen().await, Err(error) if error.to_string().matches("already").count() == 2));
        server.handle().close(std::time::Duration::ZERO).await;
        assert_eq!(names(&way.path()), 0);
    });
}

/// A path that just fits into a socket's address works, and one that is a byte longer is refused and leaves no file.
pub fn a_path_that_nobody_could_connect_to_is_refused<R: Tested>() {
    run::<R>(async {
        let way = File::default();
        let short = way.path();
        let name = |length: usize| "s".repeat(length - short.parent().unwrap().as_os_str().len() - 1);
        let longest = short.with_file_name(name(107));
        let server = listen::<R>(&longest).await.unwrap();
        drop(UnixStream::connect(&longest).unwrap());
        drop(server);
        let text = listen::<R>(&short.with_file_name(name(108))).await.unwrap_err();
        assert!(text.contains("the path is too long for a socket: 108 bytes"), "{text}");
        assert_eq!(names(&short), 0);
    });
}
