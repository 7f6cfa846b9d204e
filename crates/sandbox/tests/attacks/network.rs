//! Ways to the host's services and to the network.

use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use crate::support::room;

#[tokio::test]
async fn services_on_the_hosts_loopback_are_out_of_reach() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_nonblocking(true).unwrap();
    tcp.set_nonblocking(true).unwrap();
    let room = room().await;
    let port = tcp.local_addr().unwrap().port();
    room.refused(&format!("echo x > /dev/tcp/127.0.0.1/{port}")).await;
    let port = udp.local_addr().unwrap().port();
    room.run(&format!("echo x > /dev/udp/127.0.0.1/{port}")).await;
    assert!(udp.recv(&mut [0; 8]).is_err(), "a datagram reached the host");
    assert!(tcp.accept().is_err(), "a connection reached the host");
}

#[tokio::test]
async fn there_is_no_network_but_an_own_loopback() {
    let room = room().await;
    assert_eq!(room.ok("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '").await, "lo\n");
    let said =
        room.refused("python3 -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 5)'").await;
    assert!(said.contains("unreachable") || said.contains("No route to host"), "{said}");
    room.refused("python3 -c 'import socket; socket.getaddrinfo(\"example.com\", 80)'").await;
    let own = "python3 -c 'import socket
server = socket.create_server((\"localhost\", 0))
client = socket.create_connection(server.getsockname())
print(\"connected\")'";
    assert_eq!(room.ok(own).await, "connected\n");
}

#[tokio::test]
async fn unix_sockets_of_the_host_are_out_of_reach() {
    let name = format!("squad-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let hidden = UnixListener::bind_addr(&address).unwrap();
    hidden.set_nonblocking(true).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.path().join("socket");
    let named = UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
    named.set_nonblocking(true).unwrap();

    let room = room().await;
    let connect = |address: &str| {
        format!("python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect({address})'")
    };
    room.refused(&connect(&format!("b\"\\0{name}\""))).await;
    room.refused(&connect(&format!("\"{}\"", path.display()))).await;
    for listener in [hidden, named] {
        if let Ok((mut stream, _)) = listener.accept() {
            let mut text = String::new();
            let _ = stream.read_to_string(&mut text);
            panic!("a connection reached the host: {text}");
        }
    }
}
