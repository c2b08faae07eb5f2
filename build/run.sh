#!/usr/bin/env bash
# Classifies the given texts (else those of standard input, one per line): builds what is missing, then runs `ibert classify`.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

program=$root/artifacts/run/ibert.dll

# dotnet takes seconds to find that there is nothing to do; a file comparison takes none.
stale() {
  [ ! -e "$program" ] || [ -n "$(find "$root"/src/ibert "$root"/src/IBert.Edge "$root"/Directory.* "$root"/global.json -newer "$program" \
    -type f -not -path '*/bin/*' -not -path '*/obj/*' -print -quit)" ]
}

if stale; then
  log=$root/artifacts/obj/run/run.log
  mkdir -p "$(dirname "$log")"
  # Two of them started at once would build the same objects.
  exec 9>"$log.lock"
  flock 9
  dotnet publish "$root/src/ibert" "${dotnet_options[@]}" -p:PublishAot=false \
    --artifacts-path "$root/artifacts/obj/run" -o "$root/artifacts/run" >"$log" 2>&1 </dev/null || { cat "$log" >&2; die "the build failed"; }
  touch "$program"
  exec 9>&-
fi

export IBERT_MODEL=${IBERT_MODEL:-$root/models/sentiment.ibert}
exec dotnet "$program" classify "$@"
