//! The options for the SOCKS5 proxy.

use super::given::one_of_variables;
use crate::report::exit::Failure;
use crate::streams::endpoint::host_and_port;
use clap::{Args, ValueHint};
use multiserver_tokio::Proxy;
use multiserver_tokio::core::socks5::Credentials;
use percent_encoding::percent_decode_str;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The environment variables from which other programs take a proxy as well.
const VARIABLES: [&str; 2] = ["ALL_PROXY", "all_proxy"];

/// The schemes of a SOCKS5 proxy's URL. The `h` means that the proxy looks up host names, which it always does here.
const SCHEMES: [&str; 2] = ["socks5h", "socks5"];

/// The value for no proxy, whatever the environment says.
const NONE: &str = "none";

/// The proxy; without `Debug`, since it may have a password.
#[derive(Clone, Default, Args)]
pub(crate) struct ProxyOptions {
    /// Connect through this SOCKS5 proxy only, which also looks up all host names; addresses other than net and onion
    /// cannot be reached then. In a user name and a password, percent-encode the characters `%:/@`. To keep a password
    /// out of the list of processes, use the environment variable ALL_PROXY or all_proxy, or --proxy-file. `none` uses
    /// no proxy, whatever these variables say. Without a proxy, onion addresses are reached through Tor on this
    /// machine, at port 9050 or 9150, and all others directly.
    #[arg(long, value_name = "[socks5h://][USER:PASSWORD@]HOST:PORT")]
    proxy: Option<String>,
    /// Read the proxy from this file; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "proxy", value_hint = ValueHint::FilePath)]
    proxy_file: Option<PathBuf>,
}

impl ProxyOptions {
    /// The proxy, if there is one.
    pub(crate) fn read(&self) -> Result<Option<Proxy>, Failure> {
        let text =
            one_of_variables(self.proxy.as_deref(), self.proxy_file.as_deref(), &VARIABLES, |text| text.contains('@'))?;
        match text {
            Some(text) if text.as_str() != NONE => parse(&text).map(Some),
            Some(_) | None => Ok(None),
        }
    }
}

/// Reads a proxy; errors leave the text out, since it may have a password.
fn parse(text: &str) -> Result<Proxy, Failure> {
    let endpoint = match text.split_once("://") {
        Some((scheme, rest)) if SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            rest.strip_suffix('/').unwrap_or(rest)
        }
        Some(_) => return Err(wrong("only SOCKS5 proxies are known, whose URLs start with socks5h://")),
        None => text,
    };
    let (login, endpoint) =
        endpoint.rsplit_once('@').map_or((None, endpoint), |(login, endpoint)| (Some(login), endpoint));
    let endpoint = host_and_port(endpoint)
        .map_err(|_| wrong("expected HOST:PORT behind the user and password, such as 127.0.0.1:1080 or [::1]:1080"))?;
    let proxy = Proxy::at([endpoint]);
    let Some(login) = login else { return Ok(proxy) };
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let decoded = |text| Zeroizing::new(percent_decode_str(text).collect::<Vec<u8>>());
    let credentials = Credentials::new(decoded(user), decoded(password)).map_err(wrong)?;
    Ok(proxy.credentials(credentials))
}

fn wrong(what: impl std::fmt::Display) -> Failure {
    let hint = format!("it is from --proxy, --proxy-file, {}; --proxy {NONE} takes none", VARIABLES.join(" or "));
    Failure::usage(format_args!("cannot use the proxy: {what}")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_place_or_a_url_with_or_without_a_login() {
        for right in [
            "127.0.0.1:1080",
            "[::1]:1080",
            "socks5h://proxy.example:1080",
            "SOCKS5://proxy.example:1080/",
            "user:pass@proxy.example:1080",
            "socks5h://user:p%40ss%3Aword@proxy.example:1080",
            "user@proxy.example:1080",
            "user:@proxy.example:1080",
        ] {
            assert!(parse(right).is_ok(), "{right}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        let long = format!("{}:pass@h:1", "u".repeat(256));
        for (wrong, why) in [
            ("http://hunter2:hunter2@proxy.example:8080", "socks5h://"),
            ("socks5h://user:hunter2@proxy.example", "HOST:PORT"),
            ("hunter2@proxy.example:port", "HOST:PORT"),
            (":hunter2@proxy.example:1080", "1 to 255"),
            (&long, "1 to 255"),
        ] {
            let said = parse(wrong).unwrap_err().to_string();
            assert!(said.contains(why) && !said.contains("hunter2"), "{said}");
        }
    }
}
