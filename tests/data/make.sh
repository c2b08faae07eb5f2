#!/usr/bin/env bash
# Makes everything that the README beside it names again, byte for byte (some minutes): git says what changed.
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
given=$shared/checkpoints
# Expected logits: logits CHECKPOINT TEXTS COLUMNS [HIDDEN_ACT]
logits() { node make/forward.mjs "checkpoints/$1" "texts/$2" "$3" "checkpoints/$1/logits.dev${4:+.$4}.tsv" "${@:4}"; }

# What others computed says that the scripts compute the right thing.
node make/validate.mjs "$shared"
node make/validate-ibert.mjs "$shared"

node make/texts.mjs

node make/cut.mjs "$given/tiny-sst2" checkpoints/bert
logits bert reviews.dev.tsv sentence
logits bert reviews.dev.tsv sentence relu
logits bert reviews.dev.tsv sentence gelu_new
node make/cut.mjs "$given/distilbert-tiny-sst2" checkpoints/distilbert
logits distilbert reviews.dev.tsv sentence
node make/roberta.mjs "$given/tiny-sst2" "$given/ibert-l3-sst2" checkpoints/roberta
logits roberta reviews.dev.tsv sentence
node make/ibert-checkpoint.mjs checkpoints/roberta checkpoints/ibert golden/ibert

node make/regression.mjs "$given/tiny-sst2" checkpoints/bert-regression
logits bert-regression pairs.dev.tsv sentence1,sentence2
node make/random-checkpoints.mjs checkpoints/bert checkpoints
logits bert-labels reviews.dev.tsv sentence
logits bert-multilabel reviews.dev.tsv sentence

git -C "$root" status --short -- tests/data
