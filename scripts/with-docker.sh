#!/bin/sh
# Runs a command with a Docker daemon of its own, and stops it afterwards, however the command ends:
#
#     scripts/with-docker.sh cargo nextest run -p squad-sandbox
#
# The command finds the daemon in DOCKER_HOST and SQUAD_TEST_DOCKER. The daemon keeps everything in a temporary folder
# and in namespaces of its own, and touches neither the host's network nor another daemon. Where none can be started the
# command runs all the same, with the reason in SQUAD_TEST_NO_DOCKER: tests that need one say so and are skipped.
set -eu

if [ $# -eq 0 ]; then
    echo "usage: $0 COMMAND [ARGUMENT...]" >&2
    exit 2
fi
if [ -n "${SQUAD_TEST_DOCKER:-}" ]; then
    exec "$@"
fi

reason=
if [ "$(id -u)" -ne 0 ]; then
    reason="a Docker daemon can be started by root only"
elif ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then
    reason="dockerd or docker is not installed (apt-get install docker.io)"
fi

# Short, because the path of a unix socket may have about a hundred bytes.
folder=
daemon=
group=squad-docker-$$

stop() {
    if [ -n "$daemon" ]; then
        # `unshare` takes everything in the namespaces along, and would not heed a kinder signal.
        kill -KILL "$daemon" 2>/dev/null || true
        wait "$daemon" 2>/dev/null || true
        daemon=
    fi
    find /sys/fs/cgroup -maxdepth 4 -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null || true
    if [ -n "$folder" ]; then
        rm -rf "$folder"
    fi
    if [ -n "$reason" ]; then
        echo "SKIPPED: the tests of the sandbox tiers docker and gvisor, because $reason" >&2
    fi
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# start <storage driver>: whether a daemon answers.
start() {
    cat >"$folder/start" <<'START'
#!/bin/sh
# Neither the host's settings nor the key that older daemons write there.
[ ! -d /etc/docker ] || mount -t tmpfs none /etc/docker
exec dockerd "$@"
START
    runtimes=
    if command -v runsc >/dev/null; then
        runtimes="--add-runtime runsc=$folder/runsc"
    fi
    # shellcheck disable=SC2086
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc sh "$folder/start" \
        --host "unix://$folder/docker.sock" --data-root "$folder/data" --exec-root "$folder/exec" \
        --pidfile "$folder/pid" --storage-driver "$1" --cgroup-parent "/$group" \
        --exec-opt native.cgroupdriver=cgroupfs --iptables=false --ip6tables=false --bridge=none \
        --ip-forward=false --userland-proxy=false $runtimes >"$folder/log" 2>&1 </dev/null &
    daemon=$!
    for _ in $(seq 300); do
        grep -q 'API listen on' "$folder/log" && return 0
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
    daemon=
    return 1
}

if [ -z "$reason" ]; then
    folder=$(mktemp -d /tmp/squad-docker.XXXXXX)
    # What a runsc older than the kernel and its control groups needs. It bounds neither memory nor processes then.
    cat >"$folder/runsc" <<'RUNSC'
#!/bin/sh
exec runsc --network=none --platform=ptrace --ignore-cgroups "$@"
RUNSC
    chmod 755 "$folder/runsc" "$folder"
    if start overlay2 || start vfs; then
        DOCKER_HOST=unix://$folder/docker.sock
        SQUAD_TEST_DOCKER=1
        export DOCKER_HOST SQUAD_TEST_DOCKER
    else
        reason="dockerd does not start here: $(grep -v level=info "$folder/log" | tail -n 1)"
    fi
fi
if [ -n "$reason" ]; then
    echo "SKIPPED: the tests of the sandbox tiers docker and gvisor, because $reason" >&2
    SQUAD_TEST_NO_DOCKER=$reason
    export SQUAD_TEST_NO_DOCKER
fi
"$@"
