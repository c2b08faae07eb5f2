#!/usr/bin/env bash
# Writes what packages promise beside what was released: PublicAPI.Unshipped.txt of every package (PublicAPI.Shipped.txt has the rest).
# The analyzer's fix adds to an empty list; it does not mend one.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
for list in "$root"/src/*/PublicAPI.Unshipped.txt; do
  echo '#nullable enable' >"$list"
  dotnet format analyzers "$(dirname "$list")" --diagnostics RS0016 --severity warn
done
