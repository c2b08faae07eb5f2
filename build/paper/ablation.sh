#!/usr/bin/env bash
# GELU, i-GELU and h-GELU in real checkpoints, in FP32 and in integers (a minute):
#   build/paper/ablation.sh [--check]      tests/IBert.Edge.Paper/results/ablation.md with its plot, also on standard output
# Checkpoints and texts come from ../shared (else $IBERT_SHARED).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

require_shared
page ablation "$shared"
