//! Plain HTTP, written by hand.

use std::io::{Read, Write};
use std::net::TcpStream;

/// The head and the body of what is answered to this request, such as `GET /`, for this host.
pub fn ask(endpoint: &str, request: &str, host: &str) -> (String, String) {
    let mut stream = TcpStream::connect(endpoint).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}
