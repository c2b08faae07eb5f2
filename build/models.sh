#!/usr/bin/env bash
# Builds the models of models/ from the checkpoints in ../shared, with their reports and cards, and README's table of them.
#   build/models.sh [NAME...]            sentiment, intents; all where none is named
#   build/models.sh --check [NAME...]    builds them elsewhere and compares with the files that are there, byte by byte
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

models=$root/models
check=
if [ "${1:-}" = --check ]; then check=1; shift; fi
[ $# -gt 0 ] || set -- sentiment intents
[ -d "$shared/checkpoints" ] || die "$shared/checkpoints is missing: the models are made from it (IBERT_SHARED says where it is)"

log=$root/artifacts/obj/quantize/quantize.log
mkdir -p "$(dirname "$log")" "$models/reports"
dotnet publish "$root/src/ibert-quantize" "${dotnet_options[@]}" -p:PublishAot=false \
  --artifacts-path "$root/artifacts/obj/quantize" -o "$root/artifacts/quantize" >"$log" 2>&1 </dev/null || { cat "$log" >&2; die "the build failed"; }

# quantize NAME MODEL REPORT: what each model is made from.
quantize() {
  local checkpoint data text eval
  case $1 in
    sentiment) checkpoint=minilm-l6-sst2 data=sst2 text=sentence eval=dev ;;
    intents) checkpoint=minilm-l3-hwu64 data=hwu64 text=text eval=test ;;
    *) die "$1 is no model of models/: sentiment and intents are" 2 ;;
  esac
  dotnet "$root/artifacts/quantize/ibert-quantize.dll" "$shared/checkpoints/$checkpoint" -o "$2" --calibration "$shared/data/$data/train.tsv" \
    --text "$text" --eval "$shared/data/$data/$eval.tsv" --label label --report "$3" </dev/null
}

# The numbers of a report's table of accuracy: number REPORT COLUMN (1 FP32, 2 integers), and the share of equal labels.
number() { awk -F ' *[|] *' -v column=$(($2 + 2)) '$2 == "accuracy" { print $column; exit }' "$1"; }
same_label() { sed -nE 's/^Same label ([0-9.]+ %).*/\1/p' "$1"; }

size() { awk -v bytes="$(stat -c %s "$models/$1.ibert")" 'BEGIN { printf "%.1f MB", bytes / 1e6 }'; }

# card NAME TITLE: the parts that every card has; the ones of its own come on standard input.
card() {
  local report=$models/reports/$1.md
  {
    echo "# $2"
    echo
    echo "<!-- written by build/models.sh -->"
    cat
    echo
    sed -n '/^## Accuracy/,/^## Error/{/^## Error/!p}' "$report"
    echo "Error of every tensor: [report](reports/$1.md)."
    echo
    echo "## File"
    echo
    echo "\`$1.ibert\`, $(size "$1"), takes texts of up to 512 tokens, SHA-256 \`$(sha256sum "$models/$1.ibert" | cut -d ' ' -f 1)\`."
    echo "\`build/models.sh $1\` makes it again, byte by byte the same on every machine; \`ibert inspect -m models/$1.ibert\` shows where it came from."
  } >"$models/$1.md"
}

write_card() {
  case $1 in
    sentiment) card "$1" "sentiment.ibert: is an English sentence positive or negative?" <<'CARD'

| | |
|---|---|
| labels | `negative`, `positive` |
| network | BERT, 6 layers x 384, 12 heads, FFN 1536, 30,522 pieces, lower case |
| from | [all-MiniLM-L6-v2](https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2) (Apache-2.0), fine-tuned on SST-2 for 2 epochs |
| data | SST-2 (Stanford Sentiment Treebank, GLUE form; Socher et al., 2013; research use): 67,349 phrases for training, 872 sentences for the accuracy below |
| quantized | after training, to 8-bit integers, on 512 texts of the training split |

It learned from film reviews, and answers one of the two where there is no sentiment at all. English only.
CARD
      ;;
    intents) card "$1" "intents.ibert: what does a person want of a home assistant?" <<'CARD'

| | |
|---|---|
| labels | 64 intents such as `alarm_set`, `iot_hue_lightoff`, `weather_query` |
| network | BERT, 3 layers x 384, 12 heads, FFN 1536, 30,522 pieces, lower case |
| from | [all-MiniLM-L6-v2](https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2) (Apache-2.0) with 3 of its layers, fine-tuned on HWU64 for 10 epochs |
| data | HWU64 (Liu et al., 2019; CC BY 4.0; published cross-validation fold 1, whitespace collapsed): 9,960 commands for training, 1,076 for the accuracy below |
| quantized | after training, to 8-bit integers, on 512 texts of the training split |

There is no label for "none of these": a sentence about something else gets one of the 64. English only.
CARD
      ;;
  esac
}

# The rows between the markers of README, from the reports of the models that are there.
write_table() {
  local readme=$root/README.md rows=""
  [ -e "$models/sentiment.md" ] && rows+=$(row sentiment "MiniLM, 6 layers" "SST-2 dev, 872")$'\n'
  [ -e "$models/intents.md" ] && rows+=$(row intents "MiniLM, 3 layers" "HWU64 test, 1,076")$'\n'
  grep -q '<!-- table: build/models.sh -->' "$readme" || return 0
  ROWS=$rows awk '
    /<!-- table: build\/models.sh -->/ { print; inside = 1; next }
    /<!-- end -->/ && inside { printf "%s", ENVIRON["ROWS"]; inside = 0 }
    !inside || /^[|] model / || /^[|]---/ { print }' "$readme" >"$readme.part"
  mv "$readme.part" "$readme"
}

row() {
  local report=$models/reports/$1.md
  echo "| [\`$1\`](models/$1.md) | $2 | $3 | $(number "$report" 1) | $(number "$report" 2) | $(same_label "$report") | $(size "$1") |"
}

if [ -n "$check" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  for name in "$@"; do
    quantize "$name" "$folder/$name.ibert" "$folder/$name.md" >&2
    cmp "$models/$name.ibert" "$folder/$name.ibert" || die "models/$name.ibert is not what this source makes: run build/models.sh $name"
    echo "models/$name.ibert is what this source makes"
  done
  exit
fi
for name in "$@"; do
  rm -f "$models/reports/$name"-*.svg
  quantize "$name" "$models/$name.ibert" "$models/reports/$name.md"
  write_card "$name"
done
write_table
