#!/bin/sh
# Runs a command with a Postgres of its own, and stops it afterwards, however the command ends:
#
#     scripts/with-postgres.sh cargo nextest run -p squad-storage
#
# The command finds the server's address in SQUAD_TEST_POSTGRES_URL. Where that is set already, its server is used. The
# server listens on a unix socket in its temporary folder only, and does not flush to the disk: it is for tests.
set -eu

if [ $# -eq 0 ]; then
    echo "usage: $0 COMMAND [ARGUMENT...]" >&2
    exit 2
fi
if [ -n "${SQUAD_TEST_POSTGRES_URL:-}" ]; then
    exec "$@"
fi

find_binaries() {
    for folder in $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -rV); do
        if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then
            echo "$folder"
            return
        fi
    done
    found=$(command -v pg_ctl || true)
    if [ -n "$found" ] && command -v initdb >/dev/null; then
        dirname "$found"
    fi
}

bin=$(find_binaries)
if [ -z "$bin" ]; then
    echo "Postgres is not installed here, and tests run on both databases; install it: apt-get install postgresql" >&2
    exit 127
fi

# Short, because the path of a unix socket may have about a hundred bytes.
folder=$(mktemp -d /tmp/squad-postgres.XXXXXX)

# Postgres refuses to run as root.
if [ "$(id -u)" -eq 0 ]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    chown "$user" "$folder"
    as() { setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups env HOME="$folder" "$@"; }
else
    as() { "$@"; }
fi

stop() {
    (cd / && as "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1) || true
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Everybody but `squad` needs a password, so that tests can be turned away.
setup() {
    as "$bin/initdb" -D "$folder/data" -U squad -A trust -E UTF8 --locale=C --no-sync &&
        printf 'local all squad trust\nlocal all all scram-sha-256\n' >"$folder/hba" &&
        cp "$folder/hba" "$folder/data/pg_hba.conf" &&
        as "$bin/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/server.log" -o "-k $folder \
            -c listen_addresses= -c max_connections=300 -c shared_buffers=32MB -c fsync=off \
            -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off" start
}
if ! (cd / && setup) >"$folder/setup.log" 2>&1; then
    echo "Postgres ($bin) does not start:" >&2
    cat "$folder/setup.log" "$folder/server.log" >&2 2>/dev/null || true
    exit 1
fi

SQUAD_TEST_POSTGRES_URL="postgres://squad@localhost/postgres?host=$folder"
export SQUAD_TEST_POSTGRES_URL
"$@"
