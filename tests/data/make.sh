#!/usr/bin/env bash
# Makes everything in this folder again, byte for byte (a few minutes): git says what changed.
#   tests/data/make.sh        given checkpoints come from ../shared (else $IBERT_SHARED), the tokenizers from npm
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
shared=${IBERT_SHARED:-$root/../shared}
die() { echo "make.sh: $*" >&2; exit 1; }

[ -d "$shared/checkpoints" ] || die "$shared/checkpoints is missing: name the shared folder with IBERT_SHARED"
command -v npm >/dev/null || die "node and npm are needed"
export IBERT_NPM=$root/artifacts/npm-tokenizers
if [ ! -e "$IBERT_NPM/node_modules/tokenizers" ]; then
  mkdir -p "$IBERT_NPM"
  npm install --prefix "$IBERT_NPM" --no-audit --no-fund tokenizers@0.23.2 >"$IBERT_NPM/npm.log" 2>&1 </dev/null ||
    { cat "$IBERT_NPM/npm.log" >&2; die "npm install tokenizers failed"; }
fi

cd "$here"
logits() { node make/forward.mjs "checkpoints/$1" "texts/$2" "$3" "checkpoints/$1/$4" "${@:5}"; }

node make/validate.mjs "$shared"
node make/texts.mjs

node make/cut.mjs "$shared/checkpoints/tiny-sst2" checkpoints/bert
logits bert reviews.dev.tsv sentence logits.dev.tsv
logits bert reviews.dev.tsv sentence logits.dev.relu.tsv relu
logits bert reviews.dev.tsv sentence logits.dev.gelu_new.tsv gelu_new
node make/cut.mjs "$shared/checkpoints/distilbert-tiny-sst2" checkpoints/distilbert
logits distilbert reviews.dev.tsv sentence logits.dev.tsv

git -C "$root" status --short -- tests/data
