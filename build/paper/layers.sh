#!/usr/bin/env bash
# The error of every layer of the post-training scheme, tensor by tensor (half a minute):
#   build/paper/layers.sh [--check]      tests/IBert.Edge.Paper/results/layers.md with a plot for each checkpoint, also on standard output
# Checkpoints and texts come from ../shared (else $IBERT_SHARED).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

require_shared
make_roberta
page layers "$shared" "$roberta"
