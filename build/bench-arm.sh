#!/usr/bin/env bash
# Counts the ARM instructions of an inference, with and without SDOT, under qemu (about four minutes) and keeps the page:
#   build/bench-arm.sh      tests/IBert.Edge.Benchmarks/results/arm64-instructions.md, also on standard output
# The model is $IBERT_MODEL, else models/sentiment.ibert; the counting plugin's source is in ../shared/arm64 (else $IBERT_SHARED).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

model=${IBERT_MODEL:-$root/models/sentiment.ibert}
plugin_source=${IBERT_SHARED:-$root/../shared}/arm64/src/count.c
libraries=/usr/aarch64-linux-gnu
[ -e "$model" ] || die "$model is missing: build the models, or name one made from minilm-l6-sst2 with IBERT_MODEL"
[ -e "$plugin_source" ] || die "$plugin_source is missing: name the shared folder with IBERT_SHARED"
need qemu-aarch64 qemu-user gcc gcc $libraries/lib/libc.so.6 libc6-arm64-cross
"$root/build/publish.sh" linux-arm64 --benchmarks >&2

work=$root/artifacts/obj/bench-arm
mkdir -p "$work"
gcc -O2 -shared -fPIC -o "$work/libcount.so" "$plugin_source"

# One run: lines "CORE KERNELS TOKENS INSTRUCTIONS WHAT", marks of one label added up.
count() { # CORE
  qemu-aarch64 -cpu "$1" -L $libraries -plugin "$work/libcount.so" "$root/artifacts/benchmarks/linux-arm64/IBert.Edge.Benchmarks" operations "$model" \
    >"$work/$1.labels" 2>"$work/$1.marks" </dev/null || { grep -v '^arm64-count' "$work/$1.marks" >&2; die "the benchmark failed on $1"; }
  awk -F'\t' -v core="$1" '
    NR == FNR { n = split($0, word, " "); if (word[2] == "mark" && word[3] > 0) sum[word[3]] += word[4]; next }
    $1 == 0 { kernels = $3; next }
    { print core "\t" kernels "\t" $2 "\t" sum[$1] "\t" $3 }' "$work/$1.marks" "$work/$1.labels"
}
count cortex-a76 >"$work/counts"
count cortex-a72 >>"$work/counts"

page=$root/tests/IBert.Edge.Benchmarks/results/arm64-instructions.md
mkdir -p "$(dirname "$page")"
{
  cat <<END
# MiniLM-L6 on ARM64: instructions of one inference

Written by \`build/bench-arm.sh\` at commit $(git -C "$root" rev-parse --short HEAD): the native linux-arm64 program's code under $(qemu-aarch64 --version | head -n 1), one
thread. Exact counts; they say nothing of caches and issue width. In brackets: per SDOT that the full graph's products need (5.33 million at 8
tokens, 10.69 at 16, 21.53 at 32, 43.65 at 64, 89.65 at 128), whatever is really done: the last layer computes one row, the peers all.
Peers, one thread, from \`../shared/design/kernels.md\`.

END
  awk -F'\t' '
    BEGIN {
      split("8 16 32 64 128", lengths, " ")
      split("5.33 10.69 21.53 43.65 89.65", needed, " ")
      peers["cortex-a76"] = "LiteRT 2.3, int8 linear layers, rest FP32:8.04:16.14:33.42:71.26:161.97;LiteRT, dynamic-range int8:11.78:20.52:42.21:88.83:197.10;" \
        "ONNX Runtime 1.32, dynamic int8:13.50:25.27:49.74:101.98:219.71;ONNX Runtime, FP32:30.56:60.21:120.41:244.13:504.80;llama.cpp, Q8_0:17.65:35.82:76.36:148.20:335.49"
      peers["cortex-a72"] = "LiteRT, int8 linear layers:23.36:46.82:94.69:194.12:407.76;ONNX Runtime, dynamic int8:26.50:51.26:101.70:205.89:427.52;" \
        "ONNX Runtime, FP32:30.56:60.22:120.42:244.14:504.81;llama.cpp, Q8_0:69.32:139.46:285.88:558.07:1155.2"
    }
    function row(name, i, line) {
      line = "| " name " |"
      for (i = 1; i <= 5; i++) line = line sprintf(" %.2f (%.2f) |", value[i], value[i] / needed[i])
      print line
    }
    function of(core, what, i) { for (i = 1; i <= 5; i++) value[i] = counts[core, lengths[i], what] / 1e6 }
    !($1 in kernels) { kernels[$1] = $2; cores[++coreCount] = $1 }
    { counts[$1, $3, $5] = $4; if (!($5 in known) && $5 !~ /^products of /) { known[$5] = 1; whats[++whatCount] = $5 } }
    END {
      for (c = 1; c <= coreCount; c++) {
        core = cores[c]
        print "## " core ", products " kernels[core] "\n\nMillions of instructions:\n"
        print "| tokens | 8 | 16 | 32 | 64 | 128 |\n|---|---|---|---|---|---|"
        of(core, "inference"); row("**IBert.Edge, inference**")
        of(core, "from bytes to label"); row("IBert.Edge, tokenizer and scores included")
        of(core, "inference, products alone"); row("IBert.Edge, products with the loops that drive them")
        n = split(peers[core], peer, ";")
        for (p = 1; p <= n; p++) { split(peer[p], part, ":"); for (i = 1; i <= 5; i++) value[i] = part[i + 1]; row(part[1]) }
        print "\nThousands of instructions by operation; in brackets those of its products with their loops, the rest is element by element:\n"
        print "| operation | 8 | 16 | 32 | 64 | 128 |\n|---|---|---|---|---|---|"
        for (w = 1; w <= whatCount; w++) {
          what = whats[w]
          if (what ~ /^inference|^from bytes/) continue
          line = "| " what " |"
          for (i = 1; i <= 5; i++) {
            products = counts[core, lengths[i], "products of " what]
            line = line (what ~ /^Linear|^Attention/ ? sprintf(" %.0f (%.0f) |", counts[core, lengths[i], what] / 1e3, products / 1e3) : sprintf(" %.0f |", counts[core, lengths[i], what] / 1e3))
          }
          print line
        }
        print ""
      }
    }' "$work/counts" | sed '$d'
} >"$page.new"
mv "$page.new" "$page"
cat "$page"
