#!/usr/bin/env bash
# Times the native code beside ONNX Runtime on this machine (some five minutes), with its size and start, and keeps the page:
#   build/bench.sh      tests/IBert.Edge.Benchmarks/results/CPU.md, also on standard output
# The model is $IBERT_MODEL, else models/sentiment.ibert; ONNX Runtime is the NuGet package of Directory.Packages.props, its graphs from ../shared (else $IBERT_SHARED).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

model=${IBERT_MODEL:-$root/models/sentiment.ibert}
graphs=${IBERT_SHARED:-$root/../shared}/checkpoints/minilm-l6-sst2
[ -e "$model" ] || die "$model is missing: build the models, or name one made from minilm-l6-sst2 with IBERT_MODEL"
[ -e "$graphs/dyn8.onnx" ] || die "$graphs with ONNX Runtime's graphs is missing: name the shared folder with IBERT_SHARED"
case $(uname -m) in
  x86_64) rid=linux-x64 ;;
  aarch64) rid=linux-arm64 ;;
  *) die "no ONNX Runtime is known for $(uname -m)" ;;
esac

"$root/build/publish.sh" "$rid" --benchmarks >&2
"$root/build/publish.sh" "$rid" >&2
program=$root/artifacts/$rid/ibert

describe_processor
# Microseconds from the start of the process to its end, one label printed: twenty times, sorted.
starts() {
  local i begun
  for i in {1..20}; do
    begun=${EPOCHREALTIME/./}
    "$program" classify -m "$model" "a charming and often affecting journey" >/dev/null
    echo $((${EPOCHREALTIME/./} - begun))
  done | sort -n
}

# Peak resident KiB of a process that has answered a text of more than 512 tokens (what is more is cut).
resident() {
  local text answer pid
  text=$(printf 'a charming and often affecting journey %.0s' {1..120})
  coproc "$program" classify -m "$model"
  pid=$COPROC_PID
  echo "$text" >&"${COPROC[1]}"
  read -r answer <&"${COPROC[0]}" || die "ibert classify gave no answer"
  awk '/^VmHWM/ { print $2 }' "/proc/$pid/status"
  kill "$pid"
  wait "$pid" || true
}

size_and_start() {
  local times peak file
  mapfile -t times < <(starts)
  peak=$(resident)
  file=$(stat -c %s "$model")
  cat <<END

| size and start | |
|---|---|
| \`ibert\`, stripped | $(stat -c %s "$program") bytes |
| model file | $file bytes |
| process start to its end with one label, warm file cache, wall clock, median of 20 (least) | $((times[10] / 1000)) ms ($((times[0] / 1000)) ms) |
| peak resident memory (VmHWM) after a 512-token text | $peak KiB: the model file and $((peak - file / 1024)) KiB |
END
}

results=$root/tests/IBert.Edge.Benchmarks/results
page=$results/$file_name.md
mkdir -p "$results"
{
  echo "# MiniLM-L6 beside ONNX Runtime: $cpu, $version"
  echo
  echo "Written by \`build/bench.sh\` at commit $(git -C "$root" rev-parse --short HEAD); $(nproc) cores, load average before $(cut -d' ' -f1 /proc/loadavg)."
  echo
  "$root/artifacts/benchmarks/$rid/IBert.Edge.Benchmarks" peers "$model" "$graphs/fp32.onnx" "$graphs/dyn8.onnx"
  size_and_start
} </dev/null >"$page.new"
mv "$page.new" "$page"
cat "$page"
