#!/usr/bin/env bash
# Fuzzes what reads files of others, guided by coverage (AFL++ with SharpFuzz), and keeps what it learned:
#   build/fuzz-coverage.sh TARGET SECONDS    TARGET: model, text, tokenizer, safetensors, json, data
# Begins with tests/IBert.Edge.CoverageFuzz/corpus/TARGET, which afterwards holds the smallest inputs that reach all that was reached.
# Findings go to findings/TARGET beside it, where a test fails until they are mended; figures to results/TARGET.md. SECONDS 0: only
# minimizes the corpus.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# = 2 ] || die "usage: build/fuzz-coverage.sh TARGET SECONDS" 2
target=$1 seconds=$2
need afl-fuzz afl++

project=$root/tests/IBert.Edge.CoverageFuzz
corpus=$project/corpus/$target findings=$project/findings/$target
work=$root/artifacts/coverage-fuzz
mkdir -p "$work"

# Three copies: as it is, with AFL's counters, and with a call for each block, which says what was reached by name.
exec 9>"$work/lock"
flock 9
dotnet build "$project" "${dotnet_options[@]}" </dev/null >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; die "the build failed"; }
plain=$project/bin/Release/net10.0
if [ ! -e "$work/ready" ] || [ -n "$(find "$plain" -name '*.dll' -newer "$work/ready" -print -quit)" ]; then
  rm -rf "$work"/{plain,afl,blocks}
  cp -r "$plain" "$work/plain"
  cp -r "$plain" "$work/afl"
  cp -r "$plain" "$work/blocks"
  dotnet "$work/plain/IBert.Edge.CoverageFuzz.dll" instrument "$work/afl" >&2
  SHARPFUZZ_ENABLE_ON_BRANCH_CALLBACK=1 dotnet "$work/plain/IBert.Edge.CoverageFuzz.dll" instrument "$work/blocks" >/dev/null
  touch "$work/ready"
fi
flock -u 9
harness() { dotnet "$work/$1/IBert.Edge.CoverageFuzz.dll" "${@:2}"; }

# Inputs that become files do so in memory; a run that is ended leaves them behind.
TMPDIR=$(mktemp -d -p "$([ -d /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
# More than a gigabyte is a finding (hexadecimal); one thread runs all, and is not compiled a third time.
export DOTNET_GCHeapHardLimit=40000000 DOTNET_TieredPGO=0

out=$work/$target
rm -rf "$out"
mkdir -p "$out/in" "$out/seen"
[ ! -d "$corpus" ] || cp "$corpus"/* "$out/in/"
harness plain seeds "$target" "$out/in"

figure() { sed -nE "s/^$1 *: ([0-9.]+).*/\1/p" "$out/default/fuzzer_stats"; }
if [ "$seconds" -gt 0 ]; then
  case $target in
    model | tokenizer) dictionary=patches longest=1024 ;;
    text) dictionary=text longest=2048 ;;
    *) dictionary=$target longest=16384 ;;
  esac
  # Five seconds are a hang. AFL++ looks for its own instrumentation and for the system's core dumps, in vain.
  AFL_SKIP_BIN_CHECK=1 AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
    AFL_FORKSRV_INIT_TMOUT=120000 AFL_FAST_CAL=1 AFL_HANG_TMOUT=5000 \
    afl-fuzz -V "$seconds" -i "$out/in" -o "$out" -t 5000 -m none -G "$longest" -x "$project/dictionaries/$dictionary.dict" \
    -- dotnet "$work/afl/IBert.Edge.CoverageFuzz.dll" afl "$target" >"$out/afl.log" 2>&1 </dev/null ||
    { tail -n 20 "$out/afl.log" >&2; die "afl-fuzz failed"; }
  run="$(figure run_time) s, $(figure execs_done) executions ($(figure execs_per_sec)/s), $(figure edges_found) pairs of blocks"
  run+=", $(figure saved_crashes) crashes and $(figure saved_hangs) hangs saved"
  echo "$target: $run"
fi

# What the uninstrumented program does as well is a finding; of several with the same error at the same place the first is kept.
found=0
marks='FINDING|^ +at IBert|Fatal error|Stack overflow'
for input in "$out"/default/{crashes,hangs}/id*; do
  [ -e "$input" ] || continue
  status=0
  said=$(timeout 60 dotnet "$work/plain/IBert.Edge.CoverageFuzz.dll" run "$target" "$input" 2>&1) || status=$?
  [ "$status" != 0 ] || { echo "  not repeated: ${input##*/}"; continue; }
  what=$( (grep -E -m 2 "$marks" <<<"$said" || true) | sed -E 's/^id[^ ]* //; s/ in .*//' | tr -s '\n ' ' ')
  signature=$(sed -E 's/[0-9]+/N/g' <<<"$what" | sha256sum | cut -c 1-16)
  [ ! -e "$out/seen/$signature" ] || continue
  touch "$out/seen/$signature"
  mkdir -p "$findings"
  name=$(sha256sum "$input" | cut -c 1-16)
  cp "$input" "$findings/$name"
  found=$((found + 1))
  echo "  finding $target/$name, ended with $status: $what"
done

queue=("$out/in")
[ ! -d "$out/default/queue" ] || queue+=("$out/default/queue")
harness afl minimize "$target" "$out/corpus" "${queue[@]}"
rm -rf "$corpus"
mkdir -p "$(dirname "$corpus")"
cp -r "$out/corpus" "$corpus"
harness blocks coverage "$target" "$corpus" >"$out/coverage.md"
kept="corpus of $(find "$corpus" -type f | wc -l) inputs, $(cat "$corpus"/* | wc -c) bytes; $found findings"
echo "$target: $kept; $(tail -n 1 "$out/coverage.md")"
if [ "$seconds" -gt 0 ]; then
  describe_processor
  mkdir -p "$project/results"
  {
    echo "# \`$target\`: what a run reached"
    echo
    echo "Written by \`build/fuzz-coverage.sh $target $seconds\` at commit $(git -C "$root" rev-parse --short HEAD) on $cpu, $version."
    echo
    echo "- $run"
    echo "- $kept"
    echo "- $(tail -n 1 "$out/coverage.md")"
    echo
    sed '$d' "$out/coverage.md"
  } >"$project/results/$target.md"
fi
