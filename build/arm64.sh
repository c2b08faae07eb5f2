#!/usr/bin/env bash
# Runs a program as ARM64 code on this machine, under Debian's qemu-user with Debian 11's libraries, the oldest that boards have:
#   build/arm64.sh CORE PROGRAM [ARGUMENT...]    CORE: cortex-a76 (SDOT: Raspberry Pi 5, Jetson Orin) or cortex-a72 (none: Raspberry Pi 4)
# PROGRAM is an ARM64 program, as build/publish.sh linux-arm64 makes it, or a folder with a .NET project: that is published with its runtime,
# compiles itself as it runs, and serves where a test program has to become ARM64 code (kernels, bits of the quantizer).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -ge 2 ] || die "a core and a program are needed: build/arm64.sh cortex-a76 artifacts/linux-arm64/ibert --version" 2
core=$1 program=$2
shift 2
need qemu-aarch64 qemu-user
sysroot=$(debian_sysroot arm64) || die "Debian's ARM64 libraries cannot be had here" 2

if [ -d "$program" ]; then
  name=$(basename "$program") project=$program
  folder=$root/artifacts/arm64/$name
  program=$folder/$name
  mkdir -p "$folder"
  exec 9>"$folder.lock"
  flock 9
  if [ ! -e "$program" ] || [ -n "$(find "$root"/src "$root"/tests "$root"/Directory.* "$root"/global.json -newer "$program" \
    -type f -not -path '*/bin/*' -not -path '*/obj/*' -print -quit)" ]; then
    dotnet publish "$project" "${dotnet_options[@]}" -r linux-arm64 --self-contained -p:PublishAot=false \
      --artifacts-path "$root/artifacts/obj/arm64-$name" -o "$folder" >"$folder.log" 2>&1 </dev/null || { cat "$folder.log" >&2; die "the build failed"; }
    touch "$program"
  fi
  exec 9>&-
  # The emulator (7.2) misses changes of code that are written through a second mapping or while another thread runs it.
  export DOTNET_EnableWriteXorExecute=0 DOTNET_TieredCompilation=0 DOTNET_gcConcurrent=0
fi
exec qemu-aarch64 -cpu "$core" -L "$sysroot" "$program" "$@"
