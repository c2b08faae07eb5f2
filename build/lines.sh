#!/usr/bin/env bash
# No line of code or prose is longer than 140 columns. Tables of Markdown may be, and what programs write: *.g.cs, models' reports, results.
#   build/lines.sh            says which lines are longer, and fails
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
longer=$(
  git grep -nP '(*UTF)^.{141}' -- '*.cs' ':!*.g.cs' || [ $? = 1 ]
  git grep -nP '(*UTF)^(?!\|).{141}' -- '*.md' ':!models/*.md' ':!tests/*/results/*.md' || [ $? = 1 ]
)
if [ -n "$longer" ]; then
  printf 'longer than 140 columns:\n%s\n' "$longer" >&2
  exit 1
fi
