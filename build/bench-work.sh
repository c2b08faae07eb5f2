#!/usr/bin/env bash
# What a step of the bound on a model's work takes on this machine, operation by operation and kernel set by kernel set (some minutes):
# the weights in src/IBert.Edge/Graph/Operations are twice what this prints. Above 1.00 in the last column a weight is too small.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case $(uname -m) in
  x86_64) rid=linux-x64 ;;
  aarch64) rid=linux-arm64 ;;
  *) die "no native program can be made for $(uname -m)" ;;
esac
"$root/build/publish.sh" "$rid" --benchmarks >&2
describe_processor
echo "$cpu, $version"
"$root/artifacts/benchmarks/$rid/IBert.Edge.Benchmarks" work
