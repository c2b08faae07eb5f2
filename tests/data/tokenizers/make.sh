#!/usr/bin/env bash
# Makes the files of this folder again, the same on every machine; npm's tokenizers are fetched once. Half a minute.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../../build/lib.sh"

need node nodejs npm npm
here=$root/tests/data/tokenizers
export NPM_TOKENIZERS=$root/artifacts/npm-tokenizers
if [ ! -e "$NPM_TOKENIZERS/node_modules/tokenizers" ]; then
  mkdir -p "$NPM_TOKENIZERS"
  npm install --prefix "$NPM_TOKENIZERS" --no-audit --no-fund tokenizers@0.23.2 >"$NPM_TOKENIZERS/npm.log" 2>&1 </dev/null ||
    { cat "$NPM_TOKENIZERS/npm.log" >&2; die "npm install tokenizers failed"; }
fi
for script in vocabularies unicode texts added-tokens settings; do
  node "$here/$script.mjs"
done
git -C "$root" status --short -- "$here"
