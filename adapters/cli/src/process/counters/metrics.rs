//! The counters as OpenMetrics text (<https://prometheus.io/docs/specs/om/open_metrics_spec/>) over HTTP.

use crate::report::exit::Failure;
use crate::report::log::notice;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HOST, HeaderValue};
use hyper::http::uri::Authority;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use multiserver_tokio::ServerHandle;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How many connections there may be at once; more wait.
const MOST: usize = 8;

/// How long a connection may last; it is there for one request.
const LONGEST: Duration = Duration::from_secs(10);

/// How many bytes of a request are kept in memory.
const LONGEST_HEAD: usize = 8192;

/// How long to wait after accepting has failed.
const PAUSE: Duration = Duration::from_secs(1);

/// The type of the text.
const TYPE: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Listens at this endpoint, which only this machine may be able to reach, and serves `/metrics` there.
pub(super) async fn serve(endpoint: &str, server: ServerHandle) -> Result<(), Failure> {
    let cannot = |error| Failure::failed(format_args!("cannot serve --metrics: {error}"));
    let addresses: Vec<_> = lookup_host(endpoint).await.map_err(cannot)?.collect();
    if addresses.iter().any(|address| !address.ip().is_loopback()) {
        let failure =
            Failure::usage("--metrics is for this machine alone, and that endpoint can be reached from others");
        return Err(failure.hint("give it 127.0.0.1 or [::1], and let a proxy with access control pass it on"));
    }
    let listener = TcpListener::bind(addresses.as_slice()).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    notice(format_args!("metrics at http://{address}/metrics"));
    tokio::spawn(accept_all(listener, server));
    Ok(())
}

async fn accept_all(listener: TcpListener, server: ServerHandle) {
    let permits = Arc::new(Semaphore::new(MOST));
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let server = server.clone();
        tokio::spawn(async move {
            let _ = timeout(LONGEST, answer_all(stream, server)).await;
            drop(permit);
        });
    }
}

async fn answer_all(stream: TcpStream, server: ServerHandle) {
    let answer = service_fn(move |request| std::future::ready(Ok::<_, Infallible>(answer(&request, &server))));
    let mut http = http1::Builder::new();
    http.max_buf_size(LONGEST_HEAD).keep_alive(false);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), answer).await {
        tracing::debug!("a request for metrics failed: {error}");
    }
}

fn answer(request: &Request<Incoming>, server: &ServerHandle) -> Response<String> {
    let with_status = |status| {
        let mut response = Response::new(String::new());
        *response.status_mut() = status;
        response
    };
    if !is_for_this_machine(request) {
        return with_status(StatusCode::MISDIRECTED_REQUEST);
    }
    if request.uri().path() != "/metrics" {
        return with_status(StatusCode::NOT_FOUND);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = with_status(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    text(server).map_or_else(
        |_| with_status(StatusCode::INTERNAL_SERVER_ERROR),
        |text| {
            let mut response = Response::new(text);
            response.headers_mut().insert(CONTENT_TYPE, TYPE);
            response
        },
    )
}

/// Whether the request names this machine as its host. A page in a browser whose name was made to lead here does not.
fn is_for_this_machine(request: &Request<Incoming>) -> bool {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    host.is_some_and(|host| {
        let name = host.host().trim_start_matches('[').trim_end_matches(']');
        name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    })
}

/// The labels of a metric.
type Labels = Vec<(&'static str, String)>;

/// All metrics. Suites of one name count together.
fn text(server: &ServerHandle) -> Result<String, fmt::Error> {
    let (peers, errors) = (Family::<Labels, Counter>::default(), Family::<Labels, Counter>::default());
    let [pending, connected, last] = [(); 3].map(|()| Family::<Labels, Gauge>::default());
    let live = Gauge::<i64>::default();
    live.set(server.live().try_into().unwrap_or(i64::MAX));
    for stats in server.stats() {
        let suite = || ("suite", stats.suite.clone());
        for (outcome, count) in [
            ("accepted", stats.accepted),
            ("refused", stats.refused),
            ("over_source_limit", stats.over_source_limit),
            ("evicted", stats.evicted),
            ("timed_out", stats.timed_out),
            ("failed", stats.failed),
        ] {
            peers.get_or_create(&vec![suite(), ("outcome", outcome.to_owned())]).inc_by(count);
        }
        errors.get_or_create(&vec![suite()]).inc_by(stats.accept_errors);
        pending.get_or_create(&vec![suite()]).inc_by(stats.pending.try_into().unwrap_or(i64::MAX));
        connected.get_or_create(&vec![suite()]).inc_by(stats.connected.try_into().unwrap_or(i64::MAX));
        let since = stats.last_accepted.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let last = last.get_or_create(&vec![suite()]);
        last.set(last.get().max(since.unwrap_or_default().as_secs().try_into().unwrap_or(i64::MAX)));
    }
    let mut registry = Registry::with_prefix("multiserver");
    registry.register("peers", "Peers that came, by what became of them", peers);
    registry.register("accept_errors", "Times that accepting failed", errors);
    registry.register("pending_handshakes", "Handshakes under way now", pending);
    registry.register("connected_peers", "Peers that were accepted and are connected now", connected);
    registry.register("last_accepted_timestamp_seconds", "When a peer was last accepted; 0 if none was", last);
    registry.register("live_peers", "Peers in their handshakes or connected now, of all suites", live);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}
