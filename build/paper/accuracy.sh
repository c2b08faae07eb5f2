#!/usr/bin/env bash
# Integers against FP32 on SST-2, HWU64 and STS-B (a minute):
#   build/paper/accuracy.sh [--check]      tests/IBert.Edge.Paper/results/accuracy.md with its plot, also on standard output
# Checkpoints and texts come from ../shared (else $IBERT_SHARED).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

require_shared
make_roberta
page accuracy "$shared" "$roberta"
