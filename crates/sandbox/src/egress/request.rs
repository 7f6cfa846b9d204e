//! The head of a proxy request: where it wants to go, and what is passed on.

/// The longest head that is read.
pub(crate) const HEAD_BYTES: usize = 32 * 1024;

/// What a client asks the proxy for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// `None`: a tunnel (`CONNECT`). Otherwise the head to send to the host instead.
    pub(crate) forward: Option<Vec<u8>>,
    /// How long the head was.
    pub(crate) length: usize,
}

/// Why a head is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// More of it has to be read.
    Incomplete,
    /// It is no request that a proxy can serve.
    Malformed,
}

/// Headers that concern only the way to the proxy.
const HOP_BY_HOP: [&str; 4] = ["proxy-connection", "proxy-authorization", "connection", "keep-alive"];

pub(crate) fn parse(head: &[u8]) -> Result<Request, Bad> {
    let mut headers = [httparse::EMPTY_HEADER; 96];
    let mut request = httparse::Request::new(&mut headers);
    let length = match request.parse(head) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Err(Bad::Incomplete),
        Err(_) => return Err(Bad::Malformed),
    };
    let (Some(method), Some(target)) = (request.method, request.path) else { return Err(Bad::Malformed) };
    if method.eq_ignore_ascii_case("CONNECT") {
        let (host, port) = authority(target, None)?;
        return Ok(Request { host, port, forward: None, length });
    }
    let rest =
        target.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("http://")).ok_or(Bad::Malformed)?;
    let rest = &target[rest.len()..];
    let (address, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (host, port) = authority(address, Some(80))?;
    let slash = if path.starts_with('/') { "" } else { "/" };

    // One request per connection, so that each is checked and logged; the host header is ours, so that it says what was
    // checked.
    let mut forward =
        format!("{method} {slash}{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n").into_bytes();
    for header in request.headers.iter() {
        let name = header.name.to_ascii_lowercase();
        if name != "host" && !HOP_BY_HOP.contains(&name.as_str()) {
            forward.extend_from_slice(header.name.as_bytes());
            forward.extend_from_slice(b": ");
            forward.extend_from_slice(header.value);
            forward.extend_from_slice(b"\r\n");
        }
    }
    forward.extend_from_slice(b"\r\n");
    Ok(Request { host, port, forward: Some(forward), length })
}

fn authority(text: &str, default_port: Option<u16>) -> Result<(String, u16), Bad> {
    // Whoever puts a user before the host wants it to look like another host.
    if text.contains('@') {
        return Err(Bad::Malformed);
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !port.contains(']') => {
            (host, port.parse().map_err(|_| Bad::Malformed)?)
        }
        _ => (text, default_port.ok_or(Bad::Malformed)?),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() { Err(Bad::Malformed) } else { Ok((host.to_owned(), port)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tunnel_names_host_and_port() {
        let request = parse(b"CONNECT registry.example.com:443 HTTP/1.1\r\nHost: x\r\n\r\nTLS").unwrap();
        assert_eq!(
            (request.host.as_str(), request.port, request.forward),
            ("registry.example.com", 443, None)
        );
    }

    #[test]
    fn a_plain_request_is_passed_on_for_the_checked_host_only() {
        let head = b"GET http://a.example/x?y=1 HTTP/1.1\r\nHost: b.example\r\nProxy-Connection: keep-alive\r\nAccept: */*\r\n\r\n";
        let request = parse(head).unwrap();
        let expected = "GET /x?y=1 HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nAccept: */*\r\n\r\n";
        assert_eq!(String::from_utf8(request.forward.unwrap()).unwrap(), expected);
        assert_eq!((request.host.as_str(), request.port, request.length), ("a.example", 80, head.len()));
    }

    #[test]
    fn what_is_unclear_is_refused() {
        for head in [
            "GET /x HTTP/1.1\r\n\r\n",
            "CONNECT a.example HTTP/1.1\r\n\r\n",
            "CONNECT a.example:0x50 HTTP/1.1\r\n\r\n",
            "GET http://good.example@evil.example/ HTTP/1.1\r\n\r\n",
            "GET ftp://a.example/ HTTP/1.1\r\n\r\n",
            "CONNECT :443 HTTP/1.1\r\n\r\n",
            "\u{0}\r\n\r\n",
        ] {
            assert_eq!(parse(head.as_bytes()), Err(Bad::Malformed), "{head}");
        }
        assert_eq!(parse(b"CONNECT a.example:443 HT"), Err(Bad::Incomplete));
    }
}
