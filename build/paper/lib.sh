# Shared by the scripts of this folder: each makes one page of tests/IBert.Edge.Paper/results, the same bytes on every machine and every day.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

pages=$root/tests/IBert.Edge.Paper/results
paper_program=$root/artifacts/paper/IBert.Edge.Paper.dll

# The float weights of ibert-l3-sst2 as an ordinary RoBERTa checkpoint.
roberta=$root/artifacts/paper/roberta-l3-sst2

require_shared() {
  [ -d "$shared/checkpoints" ] || die "$shared/checkpoints is missing: the checkpoints are there (IBERT_SHARED says where it is)"
}

make_roberta() {
  need python3 python3
  python3 "$shared/checkpoints/make-roberta.py" "$roberta"
}

# Makes a page and prints it: page NAME [ARGUMENT...]. With --check as the script's option the kept page is compared instead, byte by byte.
page() {
  local name=$1 log=$root/artifacts/obj/paper/paper.log folder=$pages
  shift
  mkdir -p "$(dirname "$log")"
  dotnet publish "$root/tests/IBert.Edge.Paper" "${dotnet_options[@]}" \
    --artifacts-path "$root/artifacts/obj/paper" -o "$(dirname "$paper_program")" >"$log" 2>&1 </dev/null || { cat "$log" >&2; die "the build failed"; }
  if [ "$check" = 1 ]; then
    folder=$(mktemp -d)
    # Expanded here: where the trap runs, the variable is gone.
    trap "rm -rf '$folder'" EXIT
  else
    # A plot that no page shows any more must not stay.
    rm -f "$pages/$name"-*.svg
  fi
  dotnet "$paper_program" "$name" "$folder" "$@" </dev/null
  if [ "$check" = 0 ]; then cat "$pages/$name.md"; return; fi
  local file status=0
  for file in "$folder"/*; do
    cmp "$pages/${file##*/}" "$file" || status=1
  done
  [ "$status" = 0 ] || die "the page is not what this source makes: run build/paper/$name.sh"
  echo "tests/IBert.Edge.Paper/results/$name.md is what this source makes"
}

check=0
case "$*" in
  '') ;;
  --check) check=1 ;;
  *) die "$* is no option: --check is, which compares the kept page with a new one" 2 ;;
esac
