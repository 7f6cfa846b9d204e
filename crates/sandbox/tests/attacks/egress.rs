//! The one way out: only granted hosts, only through the proxy.

use std::sync::{Arc, Mutex};

use squad_sandbox::{EgressEvent, EgressLog, EgressPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Room, Wanted, room_in, sandbox_with};

/// A server on the host's loopback that answers every request with what it was asked.
async fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let length = stream.read(&mut request).await.unwrap();
                let line =
                    String::from_utf8_lossy(&request[..length]).lines().next().unwrap_or_default().to_owned();
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{line}", line.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    });
    port
}

async fn room_granted(hosts: &[&str], allow_private: bool) -> (Room, Arc<Mutex<Vec<EgressEvent>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = events.clone();
    let log = EgressLog::new(move |event| sink.lock().unwrap().push(event));
    let egress = EgressPolicy { allow_private };
    let sandbox = sandbox_with(Wanted { egress, log, ..Wanted::default() });
    let room = room_in(&*sandbox, |spec| spec.hosts = hosts.iter().map(ToString::to_string).collect()).await;
    (room, events)
}

/// Python honours the proxy variables, with one exception for loopback that is lifted here.
fn get(url: &str) -> String {
    format!(
        "no_proxy= NO_PROXY= python3 -c 'import urllib.request, urllib.error
try: print(urllib.request.urlopen(\"{url}\", timeout=20).read().decode())
except urllib.error.HTTPError as error: print(error.code, error.read().decode().strip())
except OSError as error: print(\"failed\", error)'"
    )
}

#[tokio::test]
async fn a_granted_host_answers_and_every_other_is_refused_and_logged() {
    let port = server().await;
    let (room, events) = room_granted(&["localhost"], true).await;
    assert_eq!(room.ok(&get(&format!("http://localhost:{port}/hello"))).await, "GET /hello HTTP/1.1\n");
    let refused = room.ok(&get(&format!("http://127.0.0.1:{port}/"))).await;
    assert_eq!(refused, "403 `127.0.0.1` is not among the hosts granted to this workspace\n");

    let events = events.lock().unwrap();
    let told: Vec<_> = events.iter().map(|event| (event.host.as_str(), event.port, event.allowed)).collect();
    assert_eq!(told, [("localhost", port, true), ("127.0.0.1", port, false)]);
    assert!(events[0].sent_bytes > 0 && events[0].received_bytes > 0, "{events:?}");
}

#[tokio::test]
async fn a_tunnel_is_opened_to_granted_hosts_only() {
    let port = server().await;
    let (room, _) = room_granted(&["localhost"], true).await;
    let tunnel = |host: &str| {
        format!(
            "python3 -c 'import socket, os
s = socket.create_connection((\"127.0.0.1\", int(os.environ[\"HTTPS_PROXY\"].rsplit(\":\", 1)[1])))
s.sendall(b\"CONNECT {host}:{port} HTTP/1.1\\r\\n\\r\\n\")
answer = s.recv(4096).decode().splitlines()[0]
print(answer)
if \" 200 \" in answer:
    s.sendall(b\"GET /inner HTTP/1.1\\r\\n\\r\\n\")
    print(s.recv(4096).decode().splitlines()[-1])'"
        )
    };
    let answer = room.ok(&tunnel("localhost")).await;
    assert_eq!(answer, "HTTP/1.1 200 Connection established\nGET /inner HTTP/1.1\n");
    assert_eq!(room.ok(&tunnel("evil.example")).await, "HTTP/1.1 403 Forbidden\n");
}

#[tokio::test]
async fn a_granted_name_that_leads_to_a_private_address_is_refused() {
    let port = server().await;
    let (room, events) = room_granted(&["localhost", "127.0.0.1"], false).await;
    for host in ["localhost", "127.0.0.1"] {
        let said = room.ok(&get(&format!("http://{host}:{port}/"))).await;
        assert!(said.starts_with("403 ") && said.contains("private address"), "{said}");
    }
    assert!(events.lock().unwrap().iter().all(|event| !event.allowed));
}

#[tokio::test]
async fn there_is_no_way_around_the_proxy() {
    let port = server().await;
    let (room, events) = room_granted(&["localhost"], true).await;
    room.refused(&format!("echo x > /dev/tcp/127.0.0.1/{port}")).await;
    room.refused("python3 -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 5)'").await;
    let garbage = "exec 3<>/dev/tcp/127.0.0.1/3128; printf 'HELO\\r\\n\\r\\n' >&3; head -1 <&3";
    assert_eq!(room.ok(garbage).await.trim(), "HTTP/1.1 400 Bad Request");
    assert!(events.lock().unwrap().is_empty());
}

#[tokio::test]
async fn without_a_grant_there_is_no_proxy() {
    let (room, _) = room_granted(&[], true).await;
    assert_eq!(room.ok("env | grep -ci proxy || true").await, "0\n");
    room.refused("echo x > /dev/tcp/127.0.0.1/3128").await;
}
