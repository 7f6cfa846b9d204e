#!/usr/bin/env bash
# Measures what things cost, and prints it. Give the machine nothing else to do meanwhile.
#
#   SQUAD_BENCH_PYTHON=<python>   an interpreter with langgraph, langgraph-checkpoint-sqlite and langchain-openai:
#                                 runs LangGraph in turn with ours
#   scripts/bench.sh turns crowd  only these (parts, turns, crowd, sandbox, workspace, start, large)
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh test
cargo build --quiet --release --bin squad
cargo build --quiet --release -p squad-bench
wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || wanted=(parts turns crowd sandbox workspace start large)
for bench in "${wanted[@]}"; do
  echo "== $bench"
  case $bench in
    parts) cargo bench --quiet -p squad-bench --bench parts ;;
    turns) target/release/squad-bench turns ${SQUAD_BENCH_PYTHON:+--peer "$SQUAD_BENCH_PYTHON"} ;;
    crowd) scripts/with-postgres.sh target/release/squad-bench crowd ;;
    *) target/release/squad-bench "$bench" ;;
  esac
done
