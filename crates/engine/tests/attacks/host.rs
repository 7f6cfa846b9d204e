//! Files, variables, processes and services of the host.

use crate::arena::{Arena, attack};
use crate::script::{attempts, call, command, forbidden, worker};
use crate::tier;
use serde_json::json;
use squad_sandbox::{Command, ExecOptions, Sandbox, WorkspaceSpec};
use squad_storage::Storage;

attack!(files_of_the_host_and_of_other_squads_are_not_read, async |storage: Storage| {
    let arena = Arena::new(storage).await;
    let (mut calls, mut lines) = (Vec::new(), Vec::new());
    for path in arena.canaries.paths() {
        lines.extend([
            forbidden("read", &format!("cat {path}")),
            forbidden("write", &format!("echo gone > {path}")),
            forbidden("root", &format!("cat /proc/1/root{path} || cat /proc/self/cwd/../../..{path}")),
            forbidden("hard link", &format!("ln {path} taken")),
            forbidden(
                "link",
                &format!("ln -sf {path} link; cat link || cat < link || cp -L link copy || echo gone > link"),
            ),
        ]);
        calls.extend([
            command(format!("ln -sf {path} link")),
            call("read_file", &json!({ "path": "link" })),
            call("read_file", &json!({ "path": path })),
            call("read_file", &json!({ "path": format!("../../../../../../../..{path}") })),
            call("write_file", &json!({ "path": "link", "content": "gone" })),
            call("edit_file", &json!({ "path": "link", "old_text": "canary", "new_text": "gone" })),
        ]);
    }
    let neighbour = arena.neighbour_files().display().to_string();
    lines.extend([
        forbidden("shadow", "cat /etc/shadow || cat /etc/gshadow || cat /etc/sudoers"),
        forbidden("home of root", "ls /root/.ssh || ls /root/.config || ls /root/.bash_history"),
        forbidden("neighbour's git", &format!("git -C {neighbour} log -p")),
        "timeout 20 cat $(timeout 10 find / -xdev -name '*canary*' 2>/dev/null) /dev/null; find / -xdev -name private.txt 2>/dev/null".into(),
        "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'; env; set".into(),
        "timeout 2 cat /proc/[0-9]*/fd/* /proc/[0-9]*/task/*/environ /proc/*/mem 2>/dev/null < /dev/null | head -c 20000; ls -l /proc/[0-9]*/cwd /proc/[0-9]*/exe".into(),
    ]);
    calls.extend(attempts(&lines));
    calls.push(command("rm -f link copy taken"));
    // A folder behind a link, through every file tool.
    calls.push(command(format!(
        "ln -s {} out; ln -s {neighbour} squad; ls out squad; true",
        arena.canaries.folder().display()
    )));
    for path in ["out/secret", "out/mark", "squad/private.txt"] {
        calls.push(call("read_file", &json!({ "path": path })));
        calls.push(call("write_file", &json!({ "path": path, "content": "gone" })));
        calls.push(call("delete_file", &json!({ "path": path })));
        calls.push(call("view_diff", &json!({ "path": path })));
    }
    for path in [
        "out",
        "squad",
        "/",
        "..",
        "/etc",
        "/root",
        "../..",
        "/proc/1",
        "/workspace/../data",
        ".git",
        ".GIT/config",
    ] {
        calls.push(call("list_files", &json!({ "path": path, "depth": 5 })));
        calls.push(call("view_diff", &json!({ "path": path })));
    }
    for path in [
        "/etc/shadow",
        "../../../../../../etc/shadow",
        "/proc/self/environ",
        "/proc/1/environ",
        "--output=/tmp/x",
        ":(top)../x",
        "a\u{0}b",
    ] {
        calls.push(call("read_file", &json!({ "path": path })));
        calls.push(call("view_diff", &json!({ "path": path })));
    }
    calls.extend([
        call("search_code", &json!({ "pattern": "canary-[a-z]+-[0-9a-f]+" })),
        call("search_code", &json!({ "pattern": "canary", "glob": "../**" })),
        call("search_code", &json!({ "pattern": "root:", "glob": "/etc/*" })),
        command("echo a\u{0}b"),
        command("rm -f out squad"),
    ]);
    let played = arena.play(&[&worker(&calls)]).await;
    played.completed();
    played.told("run_command", "a command cannot hold a NUL byte");
    played.told("read_file", "is a symbolic link");
    played.told("read_file", "leads out of the workspace");
    played.told("write_file", "is a symbolic link");
});

attack!(nothing_of_the_host_answers_and_there_is_no_network, async |storage: Storage| {
    let arena = Arena::new(storage).await;
    let canaries = &arena.canaries;
    let (tcp, udp) = (canaries.tcp.local_addr().unwrap().port(), canaries.udp.local_addr().unwrap().port());
    let python = |name: &str, code: &str| forbidden(name, &format!("timeout 5 python3 -c '{code}'"));
    let connect = |family: &str, address: &str| {
        format!(
            "import socket; s = socket.socket(socket.{family}); s.settimeout(3); s.connect({address}); s.send(b\"x\"); print(s.recv(99))"
        )
    };
    let socket = canaries.folder().join("socket");
    let mut lines = vec![
        forbidden("tcp", &format!("echo x > /dev/tcp/127.0.0.1/{tcp}")),
        forbidden("localhost", &format!("timeout 5 bash -c 'echo x > /dev/tcp/localhost/{tcp}'")),
        forbidden("curl", &format!("timeout 5 curl -sS --max-time 3 http://127.0.0.1:{tcp}/")),
        format!("timeout 5 bash -c 'echo x > /dev/udp/127.0.0.1/{udp}'; true"),
        python("v6", &connect("AF_INET6", &format!("(\"::ffff:127.0.0.1\", {tcp})"))),
        python("unix socket", &connect("AF_UNIX", &format!("\"{}\"", socket.display()))),
        python("abstract socket", &connect("AF_UNIX", &format!("\"\\\\0{}\"", canaries.abstract_name))),
        python("metadata", &connect("AF_INET", "(\"169.254.169.254\", 80)")),
        python("internet", &connect("AF_INET", "(\"192.0.2.1\", 443)")),
        python("names", "import socket; print(socket.getaddrinfo(\"example.com\", 80))"),
        python(
            "raw socket",
            "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)",
        ),
        python("packet socket", "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"),
        python(
            "vsock",
            "import socket; s = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM); s.settimeout(3); s.connect((2, 1024))",
        ),
        forbidden(
            "git over ext",
            "timeout 5 git -c protocol.ext.allow=always clone \"ext::sh -c true\" x && test -s x",
        ),
        forbidden("another interface", "tail -n +3 /proc/net/dev | grep -v '^ *lo:' | grep ."),
    ];
    // The gateway of a container's network, and whatever else the kernel would route to.
    for host in ["172.17.0.1", "10.0.0.1", "192.168.0.1"] {
        lines.push(python("gateway", &connect("AF_INET", &format!("(\"{host}\", {tcp})"))));
    }
    let played = arena.play(&[&worker(&attempts(&lines))]).await;
    played.completed();
    assert_eq!(played.house.model.complaints(), Vec::<String>::new());
});

attack!(processes_of_the_host_and_rights_are_out_of_reach, async |storage: Storage| {
    let arena = Arena::new(storage).await;
    let mut victim = std::process::Command::new("sleep").arg("612.71").spawn().unwrap();
    let (server, host) = (std::process::id(), victim.id());
    let libc = |name: &str, code: &str| {
        forbidden(
            name,
            &format!(
                "timeout 5 python3 -c 'import ctypes, os, sys\nlibc = ctypes.CDLL(None, use_errno=True)\nsys.exit(0 if libc.{code} >= 0 else 1)'"
            ),
        )
    };
    let lines = vec![
        forbidden("kill", &format!("kill -9 {host}; kill -9 {server}")),
        "(kill -9 1; true)".into(),
        forbidden("see", "grep -lz '^612.71$' /proc/[0-9]*/cmdline"),
        libc("trace", &format!("ptrace(16, {host}, 0, 0)")),
        libc("trace process one", "ptrace(16, 1, 0, 0)"),
        libc("read memory", &format!("process_vm_readv({server}, 0, 0, 0, 0, 1)")),
        forbidden("mount", "mount -t tmpfs none /mnt || mount --bind / /mnt || mount -o remount,rw /usr"),
        libc("mount by call", "mount(b\"none\", b\"/tmp\", b\"tmpfs\", 0, None)"),
        forbidden("unmount", "umount /workspace/.git || umount -l /workspace || umount -l /proc"),
        forbidden("unshare", "unshare -Ur true || unshare -m true || unshare -n true"),
        libc("new namespace", "unshare(0x10000000)"),
        forbidden("nsenter", "nsenter -t 1 -a true"),
        forbidden("chroot", "chroot / true || chroot /workspace true"),
        forbidden("pivot", "pivot_root . ."),
        forbidden(
            "set-uid",
            "cp /bin/sh root && chmod 6755 root && ./root -pc 'head -c1 /etc/shadow' && grep -q 'NoNewPrivs:.0' /proc/self/status",
        ),
        forbidden("su", "su -c true || sudo -n true"),
        forbidden(
            "be root on the host",
            "chown 0:0 root && chmod 4755 root && ./root -pc true && test -r /etc/shadow",
        ),
        libc("keys", "syscall(250, 1, 0)"),
        libc("bpf", "syscall(321, 0, 0, 0)"),
        libc("io_uring", "syscall(425, 1, 0)"),
        libc("performance counters", "syscall(298, 0, 0, -1, -1, 0)"),
        libc("userfaultfd", "syscall(323, 0)"),
        forbidden(
            "devices",
            "mknod disk b 254 0 || mknod mem c 1 1 || ls /dev/vda /dev/sda /dev/mem /dev/kmsg /dev/kvm /dev/fuse /dev/net/tun",
        ),
        forbidden(
            "kernel settings",
            "echo x > /proc/sys/kernel/core_pattern || echo b > /proc/sysrq-trigger || echo 1 > /proc/sys/vm/drop_caches",
        ),
        forbidden("oom", "echo -1000 > /proc/self/oom_score_adj"),
        forbidden("control groups", "find /sys/fs/cgroup -name cgroup.procs -writable 2>/dev/null | grep ."),
        forbidden("modules", "insmod x.ko || modprobe dummy"),
        forbidden("docker", "ls /var/run/docker.sock /run/docker.sock /run/containerd"),
        forbidden(
            "programs",
            "echo x > /usr/bin/env || echo x > /bin/sh || touch /usr/lib/evil || mkdir /evil || echo x > /etc/passwd",
        ),
        forbidden(
            "terminal",
            "python3 -c 'import fcntl, os, termios; fcntl.ioctl(os.open(\"/dev/tty\", os.O_RDWR), termios.TIOCSTI, b\"x\")'",
        ),
        "rm -f root disk mem".into(),
    ];
    let played = arena.play(&[&worker(&attempts(&lines))]).await;
    let alive = victim.try_wait().unwrap().is_none();
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert!(alive, "a process of the host was killed");
    played.completed();
});

// The same tricks where there are no walls: had they no effect there, the tests above would prove nothing.
attack!(without_walls_the_attacks_would_have_worked, async |storage: Storage| {
    let arena = Arena::new(storage).await;
    let sandbox = tier::without_walls();
    let folder = arena.folder().join("open");
    std::fs::create_dir(&folder).unwrap();
    let session = sandbox.prepare(WorkspaceSpec::new("open", &folder)).await.unwrap();
    let tcp = arena.canaries.tcp.local_addr().unwrap().port();
    let lines = format!(
        "cat {}; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'; echo x > /dev/tcp/127.0.0.1/{tcp}",
        arena.canaries.paths().join(" ")
    );
    let options = || ExecOptions::default();
    let result = session.exec(Command::new(lines), options()).await.unwrap();
    let mut seen = arena.canaries.seen_in(result.output.text.as_bytes());
    seen.sort_unstable();
    assert_eq!(seen, ["cache", "data", "environment", "host", "neighbour"], "{}", result.output.text);
    assert!(arena.canaries.tcp.accept().is_ok());
});
