#!/usr/bin/env bash
# Builds the solution and runs every test. Ends with the line `N passed, N failed[, N skipped]`.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The proofs read machine code of both architectures; publishing needs the first two; the ARM64 program is started.
need strace strace clang clang ld.lld lld objdump binutils aarch64-linux-gnu-objdump binutils-aarch64-linux-gnu qemu-aarch64 qemu-user unshare util-linux

rm -rf "$results"
mkdir -p "$results"
if ! dotnet build "$root/IBert.Edge.sln" "${dotnet_options[@]}" </dev/null; then
  echo "build 0 1 0" >>"$results/counts"
  summarize || exit 1
fi

# The end-to-end tests start the device program thousands of times: the native one, which is what boards get, takes milliseconds for that where
# `dotnet ibert.dll` takes a tenth of a second. Where none can be made they run the latter. It stands alone in its folder, as some tests are about a
# program without models beside it.
case $(uname -m) in x86_64) rid=linux-x64 ;; aarch64) rid=linux-arm64 ;; *) rid= ;; esac
if [ -n "$rid" ] && "$root/build/publish.sh" "$rid" </dev/null; then
  mkdir -p "$root/artifacts/native"
  cp "$root/artifacts/$rid/ibert" "$root/artifacts/native/"
  export IBERT_NATIVE=$root/artifacts/native/ibert
else
  echo "no native program: the end-to-end tests run the portable one"
  [ "${CI:-}" != true ] || echo "native 0 1 0" >>"$results/counts"
fi

# Two at a time: while one of them waits, or is at its last long test, the other has the machine's second core.
one_more() { # NAME COMMAND...
  while [ "$(jobs -pr | wc -l)" -ge 2 ]; do wait -n || true; done
  { run_tests "$@" >"$results/$1.log" 2>&1; cat "$results/$1.log"; } &
}

for project in "$root"/tests/*/; do
  name=$(basename "$project")
  grep -qs 'xunit.v3.mtp' "$project$name.csproj" || continue
  # What is compared with real checkpoints and data sets, as one: a clone has none of them, and needs none for all else.
  if [ "$name" = IBert.Edge.RealData ] && [ ! -d "$shared/checkpoints" ]; then
    echo "== $name"
    echo "skipped as a whole: $shared with real checkpoints and data sets is missing (IBERT_SHARED says where it is)"
    if [ "${CI:-}" = true ]; then echo "$name 0 1 0"; else echo "$name 0 0 1"; fi >>"$results/counts"
    continue
  fi
  one_more "$name" dotnet "${project}bin/Release/net10.0/$name.dll"
done
wait
summarize
