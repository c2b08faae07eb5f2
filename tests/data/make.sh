#!/usr/bin/env bash
# Makes everything in this folder again, byte for byte (some minutes): git says what changed.
#   tests/data/make.sh        given checkpoints come from ../shared (else $IBERT_SHARED), Hugging Face's tokenizers from npm
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../build/lib.sh"

[ -d "$shared/checkpoints" ] || die "$shared/checkpoints is missing: name the shared folder with IBERT_SHARED"
here=$root/tests/data
# Needs nothing that is given, and installs the tokenizers.
"$here/tokenizers/make.sh"
export NPM_TOKENIZERS=$root/artifacts/npm-tokenizers

given=$(cd "$shared/checkpoints" && pwd)
cd "$here"
# Expected logits: logits CHECKPOINT TEXTS COLUMNS [HIDDEN_ACT]
logits() { node make/forward.mjs "checkpoints/$1" "texts/$2" "$3" "checkpoints/$1/logits.dev${4:+.$4}.tsv" "${@:4}"; }

# What others computed says that the scripts compute the right thing.
node make/validate.mjs "$given/.."
node make/validate-ibert.mjs "$given/.."

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

git -C "$root" status --short -- "$here"
