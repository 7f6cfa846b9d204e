//! System calls that lead out of the sandbox or deep into the kernel.

use crate::support::room;

/// Every line must be refused by the kernel; the number is the call's on this architecture.
#[cfg(target_arch = "x86_64")]
#[tokio::test]
async fn dangerous_system_calls_are_refused() {
    let room = room().await;
    let script = r#"
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
calls = dict(ptrace=101, mount=165, umount2=166, pivot_root=155, chroot=161, setns=308, bpf=321, keyctl=250,
    add_key=248, request_key=249, userfaultfd=323, perf_event_open=298, process_vm_readv=310, process_vm_writev=311,
    open_by_handle_at=304, kexec_load=246, init_module=175, finit_module=313, delete_module=176, reboot=169,
    swapon=167, syslog=103, io_uring_setup=425, open_tree=428, move_mount=429, fsopen=430, fsmount=432, fspick=433,
    pidfd_getfd=438, mount_setattr=442, open_tree_attr=467, quotactl=179, settimeofday=164, sethostname=170, acct=163)
for name, number in calls.items():
    for call in (number, number | 0x40000000):
        ctypes.set_errno(0)
        if libc.syscall(call, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() not in (1, 38):
            print(name, hex(call), ctypes.get_errno())
for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
    if libc.unshare(flag) != -1: print("unshare", hex(flag))
    if libc.syscall(56, flag | 17, 0, 0, 0, 0) != -1: print("clone", hex(flag))
if libc.syscall(435, 0, 0) != -1 or ctypes.get_errno() != 38: print("clone3")
"#;
    std::fs::write(room.workspace().join("calls.py"), script).unwrap();
    assert_eq!(room.ok("python3 calls.py").await, "");
}

#[tokio::test]
async fn the_tools_for_it_are_refused_as_well() {
    let room = room().await;
    for attack in [
        "unshare -U true",
        "unshare -r -m true",
        "mount -t tmpfs none /tmp",
        "mount --bind / /tmp",
        "chroot / true",
        "nsenter -t 1 -a true",
        "hostname evil",
    ] {
        room.refused(attack).await;
    }
}

#[tokio::test]
async fn exotic_sockets_cannot_be_made() {
    let room = room().await;
    // netlink, vsock, packet, bluetooth, ALG, KCM
    let script = "import socket, sys
for family in (16, 40, 17, 31, 38, 41):
    for kind in (socket.SOCK_RAW, socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        try: socket.socket(family, kind); print(family, kind)
        except OSError: pass";
    std::fs::write(room.workspace().join("sockets.py"), script).unwrap();
    assert_eq!(room.ok("python3 sockets.py").await, "");
}
