#!/usr/bin/env bash
# No line of code or prose is longer than 140 columns (tables of Markdown and generated files may be). Files that still have some are in lines.known
# beside this script, and no other may; one that has none any more leaves it.
#   build/lines.sh            says what differs from that, and fails
#   build/lines.sh --write    writes lines.known
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
known=$root/build/lines.known
cd "$root"
have() {
  LC_ALL=C.UTF-8 grep -lP '^.{141}' $(git ls-files '*.cs' ':!*.g.cs')
  LC_ALL=C.UTF-8 grep -lP '^(?!\|).{141}' $(git ls-files '*.md')
}
if [ "${1:-}" = --write ]; then have | LC_ALL=C sort >"$known"; exit; fi
diff --label lines.known --label 'files with lines above 140 columns' -U0 "$known" <(have | LC_ALL=C sort) >&2
