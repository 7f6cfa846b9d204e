#!/usr/bin/env bash
# Plays the simulation against engines that were made wrong on purpose, and says which seed catches each:
#
#     scripts/mutants.sh                     every mutant
#     scripts/mutants.sh settlement          those with that in their name
#
# `seed 7` plays it again; `calm plot 7` is one that nothing disturbs, and needs no seed at all.
#
# A mutant is a patch in crates/engine/mutants; its first line says what is wrong with it. What is mutated is the last
# commit. Exits with 1 where a mutant survives SQUAD_SIM_SEEDS seeds (3,000 where nobody says), is not judged within half
# an hour, or no longer applies.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$PWD/target/mutants
source=$folder/source
export SQUAD_SIM_SEEDS=${SQUAD_SIM_SEEDS:-3000}
export CARGO_TARGET_DIR=$folder/target RUST_BACKTRACE=0

remove() {
    git worktree remove --force "$source" 2>/dev/null || rm -rf "$source"
    git worktree prune
}
mkdir -p "$folder"
remove
git worktree add --quiet --detach "$source" HEAD
trap remove EXIT

build() {
    (cd "$source" && cargo test --quiet -p squad-engine --lib --no-run) >"$folder/log" 2>&1
}
# A mutant may be wrong in a way that never ends. That is told apart from one that is caught: it may only be slow.
play() {
    (cd "$source" && timeout 1800 cargo test --quiet -p squad-engine --lib -- --test-threads=1 "$1") >"$folder/log" 2>&1
}

# A suite that fails anyway catches nothing.
if ! build || ! SQUAD_SIM_SEEDS=50 play sim::seeds; then
    cat "$folder/log" >&2
    echo "the simulation fails without any mutant" >&2
    exit 1
fi
survived=0
for patch in crates/engine/mutants/*"${1:-}"*.patch; do
    name=$(basename "$patch" .patch)
    if ! git -C "$source" apply "$PWD/$patch"; then
        echo "$name does not apply any more: make the same mistake in today's code" >&2
        exit 1
    fi
    if ! build; then
        cat "$folder/log" >&2
        echo "$name does not compile" >&2
        exit 1
    fi
    why=
    played=0
    play sim::seeds || played=$?
    if [ $played -eq 0 ]; then
        caught="SURVIVED"
        survived=1
    elif [ $played -eq 124 ]; then
        caught="NOT JUDGED"
        survived=1
    else
        caught=$(grep -m 1 -oE '(^seed|: plot) [0-9]+' "$folder/log" | sed 's/^: plot/calm plot/' || true)
        why=$(grep -m 1 -A 2 -E '^seed [0-9]+: \[|: plot [0-9]+' "$folder/log" | tail -n +2 | tr -s ' \n' ' ' | cut -c 1-160 || true)
    fi
    printf '%-32s %-14s %s\n' "$name" "${caught:-otherwise}" "$why"
    git -C "$source" checkout --quiet .
done
exit $survived
