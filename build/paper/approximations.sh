#!/usr/bin/env bash
# How close i-GELU, h-GELU, x sigma(1.702 x) and i-exp are, and the runtime's integers (a second, needs nothing but the source):
#   build/paper/approximations.sh [--check]      tests/IBert.Edge.Paper/results/approximations.md with its plots, also on standard output
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

page approximations
