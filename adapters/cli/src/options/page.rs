//! The files that `serve --page` gives to browsers.

use super::given::cannot_read;
use crate::report::exit::Failure;
use bytes::Bytes;
use multiserver_tokio::ws::http::header::{ALLOW, CONTENT_TYPE};
use multiserver_tokio::ws::http::{HeaderValue, Method, Request, Response, StatusCode};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The most files, and the most bytes in all of them.
const MOST_FILES: usize = 64;
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The files of a directory, read once, and the address of the server that gives them out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page(Arc<Content>);

#[derive(Debug, Default)]
struct Content {
    files: HashMap<String, (HeaderValue, Bytes)>,
    address: OnceLock<String>,
}

impl Page {
    /// Reads the files of this directory whose types browsers know; others, such as directories in it, are left out.
    pub(crate) fn read(directory: &Path) -> Result<Self, Failure> {
        let cannot = |error| Failure::failed(cannot_read(directory, &error));
        let (mut files, mut left) = (HashMap::new(), MOST_BYTES);
        for entry in fs::read_dir(directory).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            let (Some(name), Some(kind)) = (path.file_name().and_then(|name| name.to_str()), kind_of(&path)) else {
                continue;
            };
            // To open a pipe would wait for whoever writes into it.
            if !fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
                continue;
            }
            let mut bytes = Vec::new();
            let most = u64::try_from(left).unwrap_or(u64::MAX).saturating_add(1);
            let read = File::open(&path).and_then(|file| file.take(most).read_to_end(&mut bytes));
            read.map_err(|error| Failure::failed(cannot_read(&path, &error)))?;
            left = left.checked_sub(bytes.len()).filter(|_| files.len() < MOST_FILES).ok_or_else(|| {
                let mebibytes = MOST_BYTES / 1024 / 1024;
                Failure::usage(format_args!("--page has more than {MOST_FILES} files or {mebibytes} MiB"))
            })?;
            files.insert(format!("/{name}"), (HeaderValue::from_static(kind), bytes.into()));
        }
        if let Some(index) = files.get("/index.html").cloned() {
            files.insert("/".to_owned(), index);
        }
        Ok(Self(Arc::new(Content { files, address: OnceLock::new() })))
    }

    /// Sets what is answered at `/address`.
    pub(crate) fn set_address(&self, address: String) {
        let _ = self.0.address.set(address);
    }

    /// Answers a request, with a body that all answers share; whoever sends the answer to a HEAD leaves the body out.
    pub(crate) fn answer(&self, request: &Request<()>) -> Response<Bytes> {
        let file = match request.uri().path() {
            "/address" => {
                let text = self.0.address.get().cloned().unwrap_or_default().into();
                Some((HeaderValue::from_static("text/plain; charset=utf-8"), text))
            }
            path => self.0.files.get(path).cloned(),
        };
        let mut response = Response::default();
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        } else if let Some((kind, bytes)) = file {
            response.headers_mut().insert(CONTENT_TYPE, kind);
            *response.body_mut() = bytes;
        } else {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        response
    }
}

/// The type of a file, by the end of its name.
fn kind_of(path: &Path) -> Option<&'static str> {
    Some(match path.extension()?.to_str()? {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => return None,
    })
}
