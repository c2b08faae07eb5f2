#!/usr/bin/env bash
# Times the tokenizers beside npm's on SST-2's texts (a minute or two), and keeps the page:
#   build/bench-tokenizers.sh      tests/IBert.Edge.Benchmarks/results/tokenizers-CPU.md, also on standard output
# Texts and tokenizer files come from ../shared (else $IBERT_SHARED), the peers from npm.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ -e "$shared/data/sst2/train.tsv" ] || die "$shared with data/sst2 and checkpoints is missing: name the shared folder with IBERT_SHARED"
case $(uname -m) in
  x86_64) rid=linux-x64 ;;
  aarch64) rid=linux-arm64 ;;
  *) die "no native code is built for $(uname -m)" ;;
esac
need node nodejs npm npm

packages=$root/artifacts/npm-tokenizers
if [ ! -e "$packages/node_modules/@huggingface/tokenizers" ]; then
  mkdir -p "$packages"
  npm install --prefix "$packages" --no-audit --no-fund tokenizers@0.23.2 @huggingface/tokenizers@0.2.0 >"$packages/npm.log" 2>&1 </dev/null ||
    { cat "$packages/npm.log" >&2; die "npm install tokenizers @huggingface/tokenizers failed"; }
fi
"$root/build/publish.sh" "$rid" --benchmarks >&2

describe_processor
results=$root/tests/IBert.Edge.Benchmarks/results
page=$results/tokenizers-$file_name.md
mkdir -p "$results"
{
  echo "# Tokenizers beside npm's: $cpu, $version"
  echo
  echo "Written by \`build/bench-tokenizers.sh\` at commit $(git -C "$root" rev-parse --short HEAD); node $(node --version), load average before $(cut -d' ' -f1 /proc/loadavg)."
  echo
  "$root/artifacts/benchmarks/$rid/IBert.Edge.Benchmarks" tokenizers "$shared/data/sst2/train.tsv" "$packages" \
    "$root/tests/IBert.Edge.Benchmarks/TokenizerPeer.mjs" "$shared/checkpoints/ibert-l3-sst2" "$shared/checkpoints/minilm-l6-sst2"
} </dev/null >"$page.new"
mv "$page.new" "$page"
cat "$page"
