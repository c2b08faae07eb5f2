#!/usr/bin/env python3
"""Writes src/IBert.Edge/Text/UnicodeTables.g.cs: what the BERT and RoBERTa tokenizers of Hugging Face do with every code point.

    python3 build/unicode/generate.py tests/data/tokenizers src/IBert.Edge/Text/UnicodeTables.g.cs

unicode.bert-classes.tsv gives the classes, unicode.bert-uncased-map.tsv what accent stripping and lower casing do together.
strip_accents and lower_case can be set apart, so the map is split in two here: stripping (canonical decomposition, marks dropped)
from Python's unicodedata, where the marks are those that the map drops; lower casing from the map where stripping leaves the code point
alone, from Python elsewhere. That both together give the map back is asserted for every code point, so a Python with another Unicode
version either writes the same tables or stops. What the TSVs do not tell (order of marks, word characters of single_word) is
taken from Unicode 14 or the version that the named library carries. unicode.gpt2-classes.tsv gives the classes of byte-level BPE.
"""

import sys
import unicodedata

CLASSES = {"word": 0, "removed": 1, "space": 2, "punctuation": 3, "cjk": 4}
BYTE_LEVEL_CLASSES = {"other": 0, "letter": 1, "number": 2, "space": 3}
MARK, DECOMPOSES, LOWERS, NONSTARTER, WORD_CHARACTER = 8, 16, 32, 64, 128
BLOCK = 128

# Marks that got their combining class after Unicode 12.1, which is what tokenizers' unicode-normalization-alignments 0.1.12 carries;
# a Dives Akuru vowel of Unicode 13 that it does not decompose is left out by the map (see strip).
LATER_MARKS = [(0x898, 0x89F), (0x8CA, 0x8D2), (0xC3C, 0xC3C), (0x1715, 0x1715), (0x1ABF, 0x1ACE), (0xA82C, 0xA82C),
               (0x10EAB, 0x10EAC), (0x10F82, 0x10F85), (0x11070, 0x11070), (0x1193D, 0x1193E), (0x11943, 0x11943),
               (0x16FF0, 0x16FF1), (0x1E2AE, 0x1E2AE)]
# Other_Alphabetic symbols, which \w of Rust's regex takes for letters.
ALPHABETIC_SYMBOLS = [(0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189)]
HANGUL = range(0xAC00, 0xD7A4)  # decomposed by arithmetic at run time


def rows(path):
    with open(path, encoding="ascii") as file:
        next(file)
        for line in file:
            yield line.rstrip("\n").split("\t")


def within(code, ranges):
    return any(first <= code <= last for first, last in ranges)


def array(kind, name, why, values):
    text = [f"    // {why}", f"    public static ReadOnlySpan<{kind}> {name} =>", "    ["]
    line = "       "
    for value in values:
        item = f" {value},"
        if len(line) + len(item) > 138:
            text.append(line)
            line = "       "
        line += item
    return text + [line, "    ];", ""]


def main(folder, target):
    classes = {}
    for first, last, name in rows(f"{folder}/unicode.bert-classes.tsv"):
        classes.update((code, name) for code in range(int(first, 16), int(last, 16) + 1))
    given = {int(code, 16): [int(c, 16) for c in becomes.split()]
             for code, becomes in rows(f"{folder}/unicode.bert-uncased-map.tsv")}
    marks = {code for code, becomes in given.items() if not becomes}
    touched = [code for code, name in classes.items() if name not in ("removed", "space")]

    def without_spaces(code):
        becomes = given.get(code, [code])
        return becomes[1:-1] if becomes[:1] == [0x20] else becomes  # the spaces that isolate a Chinese character

    def strip(code):
        decomposed = [ord(c) for c in unicodedata.normalize("NFD", chr(code))]
        return [c for c in decomposed if c not in marks] if without_spaces(code) != [code] else [code]

    stripped = {code: strip(code) for code in touched}
    lower = {code: [ord(c) for c in chr(code).lower()] for code in touched}
    lower.update((code, without_spaces(code)) for code in touched if stripped[code] == [code])
    for code in touched:
        assert [x for s in stripped[code] for x in lower[s]] == without_spaces(code), f"{code:04X} is not what the map says"
    assert [code for code in touched if len(lower[code]) > 1] == [0x130], "only U+0130 is expected to have two lower-case code points"

    nonstarter = {code: unicodedata.combining(chr(code)) for code in classes if not within(code, LATER_MARKS)}
    nonstarter = {code: ccc for code, ccc in nonstarter.items() if ccc}

    def properties(code):
        if code not in classes:
            return CLASSES["removed"]  # surrogates, which UTF-8 cannot carry
        bits = CLASSES[classes[code]]
        category = unicodedata.category(chr(code))
        bits |= MARK if code in marks else 0
        bits |= DECOMPOSES if code in stripped and code not in marks and code not in HANGUL and stripped[code] != [code] else 0
        bits |= LOWERS if code in lower and code not in marks and lower[code] != [code] else 0
        bits |= NONSTARTER if code in nonstarter else 0
        alphabetic = category[0] in "LM" or category in ("Nd", "Nl", "Pc") or code in (0x200C, 0x200D) or within(code, ALPHABETIC_SYMBOLS)
        return bits | (WORD_CHARACTER if alphabetic else 0)

    blocks, index, seen = [], [], {}
    for start in range(0, 0x110000, BLOCK):
        block = bytes(properties(code) for code in range(start, start + BLOCK))
        if block not in seen:
            seen[block] = len(seen)
            blocks.extend(block)
        index.append(seen[block])
    assert len(seen) <= 256

    byte_level = {}
    for first, last, name in rows(f"{folder}/unicode.gpt2-classes.tsv"):
        byte_level.update((code, BYTE_LEVEL_CLASSES[name]) for code in range(int(first, 16), int(last, 16) + 1))
    byte_level_blocks, byte_level_index, byte_level_seen = [], [], {}
    for start in range(0, 0x110000, BLOCK):
        codes = [byte_level.get(code, 0) for code in range(start, start + BLOCK)]
        block = bytes(codes[i] | codes[i + 1] << 2 | codes[i + 2] << 4 | codes[i + 3] << 6 for i in range(0, BLOCK, 4))
        if block not in byte_level_seen:
            byte_level_seen[block] = len(byte_level_seen)
            byte_level_blocks.extend(block)
        byte_level_index.append(byte_level_seen[block])
    assert len(byte_level_seen) <= 256

    runs = []  # first, last, step, distance
    for code in sorted(c for c in lower if properties(c) & LOWERS and c != 0x130):
        distance = lower[code][0] - code
        if runs and runs[-1][3] == distance and code - runs[-1][1] <= 2 and runs[-1][2] in (0, code - runs[-1][1]):
            runs[-1][2], runs[-1][1] = code - runs[-1][1], code
        else:
            runs.append([code, code, 0, distance])
    keys = sorted(c for c in stripped if properties(c) & DECOMPOSES)
    values, expansions = [], []
    for code in keys:
        if len(stripped[code]) == 1:
            values.append(stripped[code][0])
        else:
            values.append(len(stripped[code]) << 24 | len(expansions))
            expansions.extend(stripped[code])
    order = []  # first, last, combining class
    for code in sorted(c for c in nonstarter if c not in marks and classes[c] != "removed"):
        if order and order[-1][1] == code - 1 and order[-1][2] == nonstarter[code]:
            order[-1][1] = code
        else:
            order.append([code, code, nonstarter[code]])

    text = ["// <auto-generated>By build/unicode/generate.py from tests/data/tokenizers; change that, not this.</auto-generated>",
            "// Unicode as the BERT and RoBERTa tokenizers of Hugging Face see it; UnicodeData.cs looks it up.", "namespace IBert.Edge.Text;", "",
            "internal static class UnicodeTables", "{"]
    text += array("byte", "Index", f"The block of Properties for each {BLOCK} code points.", index)
    text += array("byte", "Properties", "A byte per code point of a block: bits 0 to 2 class, then CodePointProperties.", blocks)
    text += array("int", "LowerRuns", "First, last, step, distance to the lower case; sorted. U+0130 is apart.", [
        v for first, last, step, distance in runs for v in (first, last, max(step, 1), distance)])
    text += array("int", "StripKeys", "Code points that decompose, sorted.", keys)
    text += array("int", "StripValues", "What marks leave of them: a code point, or length << 24 | start in StripExpansions.", values)
    text += array("int", "StripExpansions", "Those of more than one code point.", expansions)
    text += array("int", "Order", "First, last, canonical combining class of the marks that stripping keeps; sorted.",
                  [v for run in order for v in run])
    text += array("byte", "ByteLevelIndex", f"The block of ByteLevelClasses for each {BLOCK} code points.", byte_level_index)
    text += array("byte", "ByteLevelClasses", "Two bits per code point of a block, the first lowest: ByteLevelClass.", byte_level_blocks)
    text[-1] = "}"
    with open(target, "w", encoding="ascii", newline="\n") as file:
        file.write("\n".join(text) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
