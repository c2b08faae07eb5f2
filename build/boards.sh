#!/usr/bin/env bash
# The devices of src/IBert.Edge.Boards on a kernel's own GPIO chips, I2C buses and serial ports: publishes tests/IBert.Edge.Boards.Probe and runs it in
# the virtual board of ../shared/board-vm.
#   build/boards.sh [x64|arm64]     ends with the probe's "N passed, N failed"; 77 where there is no virtual board
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

architecture=${1:-x64}
run=$shared/board-vm/run-in-vm
[ -x "$run" ] || { say "$run is missing (IBERT_SHARED says where it is): the devices were not tried"; exit 77; }
case $architecture in
  x64) rid=linux-x64 machine=(qemu-system-x86_64 qemu-system-x86) ;;
  arm64) rid=linux-arm64 machine=(qemu-system-aarch64 qemu-system-arm aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu) ;;
  *) die "usage: build/boards.sh [x64|arm64]" 2 ;;
esac
need "${machine[@]}" cpio cpio make make xz xz-utils gcc gcc
"$root/build/publish.sh" "$rid" --probe

cd "$root/artifacts/probe/$rid"
"$run" --arch "$architecture" --board pi4 --timeout 600 IBert.Edge.Boards.Probe -- ./IBert.Edge.Boards.Probe pinctrl-bcm2711
