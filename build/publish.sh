#!/usr/bin/env bash
# Publishes `ibert` for a board:  build/publish.sh RID   RID: linux-arm64, linux-x64, ... or portable
#   RID        NativeAOT: artifacts/RID/ibert (stripped), ibert.dbg (symbols), models/
#   portable   artifacts/portable/ibert.dll: `dotnet ibert.dll` runs it wherever .NET 10 does
#   --benchmarks   instead of `ibert` the benchmarks, in the same way: artifacts/benchmarks/RID/IBert.Edge.Benchmarks
#   --probe        what build/boards.sh runs in the virtual board: artifacts/probe/RID/IBert.Edge.Boards.Probe
#   --example NAME   a program of examples/: artifacts/examples/RID/NAME
# Ends with 2 where the .NET registry lacks a pack that the RID needs.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() { sed -n '2,7s/^# //p' "$0" >&2; exit 2; }
rid= project=src/ibert output=$root/artifacts
while [ $# -gt 0 ]; do
  case $1 in
    --benchmarks) project=tests/IBert.Edge.Benchmarks output=$root/artifacts/benchmarks ;;
    --probe) project=tests/IBert.Edge.Boards.Probe output=$root/artifacts/probe ;;
    --example) [ -d "$root/examples/${2:-}/" ] && [ -n "${2:-}" ] || usage; project=examples/$2 output=$root/artifacts/examples; shift ;;
    -*) usage ;;
    *) [ -z "$rid" ] || usage; rid=$1 ;;
  esac
  shift
done
[ -n "$rid" ] || usage

name=$(basename "$project")
output=$output/$rid
# Objects of their own: neither a test build nor another RID's publish is disturbed.
objects=$root/artifacts/obj/$rid
log=$objects/publish.log
mkdir -p "$output" "$objects"
# Two publishes of one RID at a time would write the same objects.
exec 9>"$objects/lock"
flock 9

# What analyzers say is build/test.sh's business: here they would only take their time again, for each RID.
publish() { # OPTIONS...
  dotnet publish "$root/$project" "${dotnet_options[@]}" -p:RunAnalyzers=false --artifacts-path "$objects" -o "$output" "$@" >"$log" 2>&1 </dev/null || { cat "$log" >&2; die "publishing for $rid failed"; }
}

copy_models() {
  [ "$project" = src/ibert ] || return 0
  mkdir -p "$root/models" "$output/models"
  rm -f "$output"/models/*.ibert
  find "$root/models" -maxdepth 1 -name '*.ibert' -exec cp -p {} "$output/models/" \;
}

if [ "$rid" = portable ]; then
  publish -p:PublishAot=false -p:UseAppHost=false
  copy_models
  echo "$output/$name.dll: runs by \`dotnet $name.dll\`"
  exit
fi

case $rid in
  linux-x64) triple=x86_64-linux-gnu debian=amd64 objcopy=objcopy objdump=objdump ;;
  linux-arm64) triple=aarch64-linux-gnu debian=arm64 objcopy=aarch64-linux-gnu-objcopy objdump=aarch64-linux-gnu-objdump ;;
  *) triple= ;;
esac

# Restoring is how the registry is asked: it alone knows every pack (compiler, runtime, framework) that a RID needs.
restore() {
  dotnet restore "$root/$project" -r "$rid" --artifacts-path "$objects" -nologo -v quiet >"$log" 2>&1 </dev/null
}

missing_packs() {
  sed -nE 's/.*error (NU1101|NU1102): Unable to find package ([A-Za-z0-9.-]*[A-Za-z0-9])( with version \(= ([0-9.]+)\))?.*/    \2 \4/p' "$log" | sort -u
}

if ! restore; then
  ! grep -q NU1301 "$log" || die "packs for $rid are neither here nor to be had: the registry of nuget.config cannot be reached"
  missing=$(missing_packs)
  [ -n "$missing" ] || { cat "$log" >&2; die "restoring for $rid failed"; }
  say "the registry lacks these packs for $rid:"
  echo "$missing" >&2
  die "no native program for $rid can be made here; \`build/publish.sh portable\` runs wherever .NET 10 does" 2
fi
[ -n "$triple" ] || die "this script can link for linux-x64 and linux-arm64, not for $rid" 2

need clang clang ld.lld lld
[ "$rid" = linux-x64 ] || need "$objdump" binutils-aarch64-linux-gnu

# A binary asks for the glibc it was linked with. Boards have 2.31 (Debian 11, JetPack 5) and newer, so Debian 11's is linked with.
link=(-p:LinkerFlavor=lld -p:CppCompilerAndLinker=clang -p:ObjCopyName="$objcopy")
if sysroot=$(debian_sysroot "$debian"); then
  link+=(-p:SysRoot="$sysroot")
else
  say "Debian 11's C library could not be fetched: linking with this machine's, whose version the board must have"
  if [ "$rid" = linux-arm64 ]; then need /usr/aarch64-linux-gnu/lib/libc.so libc6-dev-arm64-cross aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu; fi
fi

publish -r "$rid" "${link[@]}"
rm -f "$output"/*.pdb "$output"/*.xml
# Which method became which symbol: the proofs in tests/ read it.
mstat=$objects/obj/$name/release_$rid/native/$name.mstat
[ ! -e "$mstat" ] || cp -p "$mstat" "$output/"
copy_models

glibc=$("$objdump" -T "$output/$name" | grep -oE 'GLIBC_[0-9.]+' | sed 's/GLIBC_//' | sort -Vu | tail -n 1)
echo "$output/$name: $(stat -c %s "$output/$name") bytes, needs glibc $glibc or newer"
