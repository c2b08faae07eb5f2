// Hundreds of tokenizers with random added tokens over a small alphabet, so that these overlap, contain each other and white space, and start
// inside what others take; each with texts and ids. Written as added-tokens.jsonl.gz.
import { Peer, Random, asciiJson, tokenizers, writePacked } from "./lib.mjs";

const random = new Random(20250607);
const letters = ["a", "b", "B", "\u00c9", "."],
    spaces = [" ", " ", "\t", "\n", "\u3000"];

const flagsOf = (bits) => ({
    single_word: (bits & 1) !== 0,
    lstrip: (bits & 2) !== 0,
    rstrip: (bits & 4) !== 0,
    normalized: (bits & 8) !== 0,
});
const isSpace = (text) => text.trim() === "";

function content(spacey) {
    let text = "";
    for (let left = random.of([1, 1, 2, 2, 2, 3, 4]); left > 0; left--)
        text += random.chance(spacey) ? random.of(spaces) : random.of(letters);
    return text;
}

function addedTokens() {
    const spacey = random.of([10, 40, 70]),
        stripped = random.of([20, 50, 80]),
        contents = new Set();
    for (let left = random.between(1, 6); left > 0; left--) contents.add(content(spacey));
    return [...contents].map((text) => {
        const bits =
            (random.chance(25) ? 1 : 0) |
            (random.chance(stripped) ? 2 : 0) |
            (random.chance(stripped) ? 4 : 0) |
            (random.chance(50) ? 8 : 0);
        return { content: text, bits };
    });
}

/** Of two that are the same when they are normalized, chance says which is found: the library keeps them in a hash table. */
const areApart = (added, normalize) => new Set(added.map((token) => (token.bits & 8) + normalize(token))).size === added.length;

/** The library ends the whole process where white space that one token takes holds another that takes what is before it alone. */
const mayPanic = (added) =>
    [0, 8].some((normalized) => {
        const those = added.filter(({ bits }) => (bits & 8) === normalized);
        return those.some(({ bits }) => bits & 4) && those.some(({ content: text, bits }) => (bits & 6) === 2 && isSpace(text));
    });

function text(added) {
    let whole = "";
    for (let left = random.between(1, 10); left > 0; left--) {
        const roll = random.below(10);
        if (roll < 5) whole += random.of(added).content;
        else if (roll < 8) whole += random.of(spaces).repeat(random.of([1, 1, 2, 3, 5]));
        else whole += random.of([...letters, "_", "ab", "\u00e9", "e\u0301", "\u4e2d"]);
    }
    return whole;
}

const wordPieces = Object.fromEntries(
    ["[UNK]", ..."abBeE\u00c9\u00e9._".split(""), "\u4e2d", "ab", "##a", "##b", "##B", "##ab", "##e", "##\u00e9", "##\u0301"].map(
        (piece, id) => [piece, id],
    ),
);

const normalizerOf = (options) =>
    tokenizers.bertNormalizer({
        cleanText: (options & 1) !== 0,
        handleChineseChars: (options & 2) !== 0,
        stripAccents: (options & 4) !== 0,
        lowercase: (options & 8) !== 0,
    });

function wordPiece(options) {
    const on = (bit) => (options & bit) !== 0;
    return {
        normalizer: { type: "BertNormalizer", clean_text: on(1), handle_chinese_chars: on(2), strip_accents: on(4), lowercase: on(8) },
        pre_tokenizer: { type: "BertPreTokenizer" },
        model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 6, vocab: wordPieces },
    };
}

function bytePair(addPrefixSpace) {
    // By the number that GPT-2's bytes_to_unicode gives a byte, so that C# writes the same vocabulary without a table.
    const printable = (value) => (value > 0x20 && value < 0x7f) || (value > 0xa0 && value !== 0xad && value < 0x100);
    let next = 0x100;
    const bytes = Array.from({ length: 256 }, (_, value) => String.fromCharCode(printable(value) ? value : next++));
    const merges = [
        ["a", "b"],
        ["\u0120", "a"],
        ["\u0120", "\u0120"],
        ["\u0120a", "b"],
    ];
    const pieces = ["<s>", "</s>", ...bytes, ...merges.map(([left, right]) => left + right)];
    return {
        normalizer: null,
        pre_tokenizer: { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true },
        model: { type: "BPE", vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])), merges },
    };
}

const lines = [];
let texts = 0;
while (lines.length < 600) {
    const added = addedTokens(),
        isBytePair = random.chance(50);
    const options = isBytePair ? random.below(2) : random.of([0, 1, 7, 8, 9, 12, 13, 15, 15, 15]);
    const definition = isBytePair ? bytePair(options === 1) : wordPiece(options);
    const normalizer = isBytePair ? null : normalizerOf(options);
    const normalize = ({ content: c, bits }) => (normalizer && bits & 8 ? normalizer.normalizeString(c) : c);
    if (mayPanic(added) || !areApart(added, normalize)) continue;
    const size = Object.keys(definition.model.vocab).length;
    const peer = new Peer({
        version: "1.0",
        truncation: null,
        padding: null,
        post_processor: null,
        decoder: null,
        ...definition,
        added_tokens: added.map(({ content: c, bits }, i) => ({ id: size + i, content: c, ...flagsOf(bits), special: false })),
    });
    const line = { options, added: added.map(({ content: c, bits }) => [c, peer.tokenizer.tokenToId(c), bits]), texts: [] };
    for (let i = 0; i < 12; i++) {
        const sample = text(added);
        line.texts.push([sample, await peer.ids(sample)]);
        texts++;
    }
    lines.push({ kind: isBytePair ? "bpe" : "wordpiece", ...line });
}
writePacked("added-tokens.jsonl.gz", lines.map((line) => asciiJson(line) + "\n").join(""));
console.log(`${lines.length} tokenizers, ${texts} texts`);
