//! One set of tests, run on every runtime over every transport; never published.
//!
//! A test is a function that is generic over a runtime ([`Tested`]) and a transport ([`Way`]). [`conformance!`] makes
//! `#[test]` functions of all of them for one runtime and one transport: a new runtime or transport adds one line to
//! `tests/`, and a new test is added to the list in that macro.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

pub mod balancers;
pub mod cancel;
pub mod cuts;
pub mod ends;
pub mod files;
pub mod floods;
pub mod leaks;
pub mod limits;
pub mod memory;
pub mod messages;
pub mod onion;
pub mod sockets;
pub mod streams;

mod clock;
mod contract;
mod narrow;
mod security;
mod simulated;
mod support;
mod tested;
mod wrapping;

pub use contract::{CONTRACT, checked};
pub use messages::Messages;
pub use security::Security;
pub use simulated::Simulated;
pub use tested::{CERTIFICATE, File, Loopback, Noisy, SecureWebSocket, Tested, Way, WebSocket};
pub use wrapping::Wrapping;

/// Makes a module of `#[test]` functions: `conformance!(tokio_net, Tokio, Loopback)`.
#[macro_export]
macro_rules! conformance {
    ($module:ident, $runtime:ty, $way:ty) => {
        mod $module {
            use super::*;

            $crate::conformance!(@anywhere $runtime, $way);
            $crate::conformance!(@tests $runtime, $way;
                limits::a_server_that_has_gone_listens_no_longer,
            );
        }
    };
    // The tests that also work over a transport where peers need not listen before they are dialled.
    (@anywhere $runtime:ty, $way:ty) => {
        $crate::conformance!(@secured $runtime, $way);
        $crate::conformance!(@tests $runtime, $way;
            streams::nobody_is_known_without_a_proof,
        );
    };
    // The tests that hold for whatever layer proves both ends; the others need no such layer.
    (@secured $runtime:ty, $way:ty) => {
        $crate::conformance!(@tests $runtime, $way;
            streams::bytes_come_back_in_every_length,
            streams::bytes_come_back_through_pipes_of_one_byte,
            streams::both_ends_know_each_other,
            streams::an_accepted_connection_knows_where_it_arrived,
            streams::a_meter_outlives_its_connection,
            streams::closing_one_direction_leaves_the_other_and_dropping_is_a_cut,
            streams::who_finishes_is_heard_by_one_who_still_sends,
            streams::halves_are_used_from_two_tasks,
            streams::a_dropped_half_is_a_cut,
            streams::a_refused_peer_learns_it_from_the_silence,
            cancel::connecting_leaves_nothing_behind_at_any_poll,
            cancel::a_handshake_leaves_nothing_behind_at_any_poll,
            cancel::accepting_loses_nobody,
            cancel::driving_goes_on_after_every_poll,
            cuts::a_client_cut_at_every_byte_is_an_error,
            cuts::a_server_cut_at_every_byte_is_an_error,
            cuts::no_byte_behind_a_handshake_is_taken,
            cuts::peers_that_fail_harm_nobody,
            ends::whoever_ends_first_the_other_knows,
            ends::a_probe_tells_who_reads_from_who_is_gone,
            limits::a_byte_now_and_then_does_not_hold_a_handshake_open,
            limits::a_byte_now_and_then_does_not_hold_an_attempt_open,
            limits::the_time_a_request_is_held_counts,
            limits::who_is_held_past_the_deadline_makes_room,
            limits::an_authorizer_that_never_answers_is_a_refusal_at_the_deadline,
            limits::at_the_bound_nobody_is_accepted_until_one_ends,
            limits::closing_waits_for_the_living,
        );
    };
    (@tests $runtime:ty, $way:ty; $($group:ident::$test:ident,)*) => {
        $(
            #[test]
            fn $test() {
                $crate::$group::$test::<$runtime, $way>();
            }
        )*
    };
}

/// Makes a module of `#[test]` functions with `noise` in the place of `shs`: `noise!(noise_net, Tokio, Loopback)`.
#[macro_export]
macro_rules! noise {
    ($module:ident, $runtime:ty, $way:ty) => {
        mod $module {
            use super::*;

            $crate::conformance!(@secured $runtime, $crate::Noisy<$way>);
        }
    };
}

/// Makes a module of `#[test]` functions about the files of Unix sockets, for one runtime.
#[macro_export]
macro_rules! files {
    ($module:ident, $runtime:ty) => {
        mod $module {
            use super::*;

            $crate::files!(@tests $runtime;
                the_file_is_its_owners_and_goes_with_its_server,
                only_a_stale_file_is_replaced,
                anothers_file_is_not_removed,
                one_process_has_several,
                a_path_that_nobody_could_connect_to_is_refused,
            );
        }
    };
    (@tests $runtime:ty; $($test:ident,)*) => {
        $(
            #[test]
            fn $test() {
                $crate::files::$test::<$runtime>();
            }
        )*
    };
}

/// Makes a module of `#[test]` functions about the sockets of TCP themselves, for one runtime.
#[macro_export]
macro_rules! sockets {
    ($module:ident, $runtime:ty) => {
        mod $module {
            use super::*;

            #[test]
            fn a_socket_is_listened_on_until_its_server_goes() {
                $crate::sockets::a_socket_is_listened_on_until_its_server_goes::<$runtime>();
            }

            #[test]
            fn a_unix_socket_is_listened_on_until_its_server_goes() {
                $crate::sockets::a_unix_socket_is_listened_on_until_its_server_goes::<$runtime>();
            }

            #[test]
            fn a_socket_is_found_where_it_is_bound() {
                $crate::sockets::a_socket_is_found_where_it_is_bound::<$runtime>();
            }

            #[test]
            fn a_stream_of_ones_own_becomes_a_secure_one() {
                $crate::sockets::a_stream_of_ones_own_becomes_a_secure_one::<$runtime>();
            }

            #[test]
            fn a_connection_of_tcp_is_kept_alive() {
                $crate::sockets::a_connection_of_tcp_is_kept_alive::<$runtime>();
            }

            #[test]
            fn servers_share_a_port_where_all_want_it() {
                $crate::sockets::servers_share_a_port_where_all_want_it::<$runtime>();
            }

            #[test]
            fn a_socket_that_is_not_of_tcp_is_refused() {
                $crate::sockets::a_socket_that_is_not_of_tcp_is_refused::<$runtime>();
            }
        }
    };
}

/// Makes a module of `#[test]` functions about peers behind a load balancer, for one runtime.
#[macro_export]
macro_rules! balancers {
    ($module:ident, $runtime:ty) => {
        mod $module {
            use super::*;

            $crate::balancers!(@tests $runtime;
                the_header_says_who_comes,
                who_is_not_named_is_the_balancer,
                a_health_check_is_no_failure,
                what_begins_with_no_header_is_refused,
                a_header_from_elsewhere_is_believed_by_nobody,
                a_balancer_that_is_slow_is_cut_at_the_deadline,
                a_source_is_bounded_as_the_header_names_it,
                a_source_with_proven_peers_alone_has_no_room,
            );
        }
    };
    (@tests $runtime:ty; $($test:ident,)*) => {
        $(
            #[test]
            fn $test() {
                $crate::balancers::$test::<$runtime>();
            }
        )*
    };
}

/// Makes a module of `#[test]` functions about unproven peers that send without end, for one runtime.
#[macro_export]
macro_rules! floods {
    ($module:ident, $runtime:ty) => {
        mod $module {
            use super::*;

            #[test]
            fn a_flood_of_frames_ends_at_the_deadline_and_harms_nobody() {
                $crate::floods::a_flood_of_frames_ends_at_the_deadline_and_harms_nobody::<$runtime>();
            }
        }
    };
}

/// Makes a module of `#[test]` functions about connecting by a proxy, for one runtime.
#[macro_export]
macro_rules! onion {
    ($module:ident, $runtime:ty) => {
        mod $module {
            use super::*;

            #[test]
            fn the_proxy_is_given_the_name_and_leads_there() {
                $crate::onion::the_proxy_is_given_the_name_and_leads_there::<$runtime>();
            }

            #[test]
            fn what_the_proxy_says_is_the_cause_of_the_failure() {
                $crate::onion::what_the_proxy_says_is_the_cause_of_the_failure::<$runtime>();
            }
        }
    };
}

/// Makes a module of `#[test]` functions over message channels, which need no listener, for one runtime.
#[macro_export]
macro_rules! channels {
    ($module:ident, $runtime:ty) => {
        mod $module {
            use super::*;

            $crate::conformance!(@anywhere $runtime, $crate::Messages);

            #[test]
            fn each_channel_is_one_connection() {
                $crate::messages::each_channel_is_one_connection::<$runtime>();
            }
        }
    };
}
