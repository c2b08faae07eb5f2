// Small vocabularies with every rule of large ones, learned from sentences.txt, each with the files that a checkpoint folder has.
import { readText, tokenizers, write, writeJson } from "./lib.mjs";

const sentences = readText("sentences.txt").split("\n").filter(Boolean);

/** Merges of the most frequent pair, again and again (Sennrich et al. 2016); of pairs as frequent the first in order of code units. */
function learnMerges(words, count, join) {
    const list = [...words].map(([symbols, times]) => ({ symbols, times })),
        merges = [];
    while (merges.length < count) {
        const pairs = new Map();
        for (const { symbols, times } of list) {
            for (let i = 0; i + 1 < symbols.length; i++) {
                const pair = symbols[i] + " " + symbols[i + 1];
                pairs.set(pair, (pairs.get(pair) ?? 0) + times);
            }
        }
        const [best, times] = [...pairs].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a), ["", 0]);
        if (times < 2) break;
        const [left, right] = best.split(" ");
        merges.push([left, right]);
        for (const word of list) {
            for (let i = 0; i + 1 < word.symbols.length; i++) {
                if (word.symbols[i] === left && word.symbols[i + 1] === right) word.symbols.splice(i, 2, join(left, right));
            }
        }
    }
    return merges;
}

function countWords(texts, split) {
    const counts = new Map();
    for (const word of texts.flatMap(split)) counts.set(word, (counts.get(word) ?? 0) + 1);
    return counts;
}

const flags = (lstrip, rstrip, single_word, normalized) => ({ single_word, lstrip, rstrip, normalized });
const plain = flags(false, false, false, false);

// Blocks whose characters a vocabulary has: Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, Hangul, kana, punctuation, symbols.
const blocks = [
    [0x21, 0x7e],
    [0xa1, 0x17f],
    [0x386, 0x3ff],
    [0x400, 0x45f],
    [0x5d0, 0x5ea],
    [0x621, 0x64a],
    [0x660, 0x669],
    [0x904, 0x94d],
    [0xe01, 0xe4e],
    [0x1100, 0x1112],
    [0x1161, 0x1175],
    [0x11a8, 0x11c2],
    [0x1e00, 0x1e9f],
    [0x2010, 0x2027],
    [0x20a0, 0x20b5],
    [0x2190, 0x2199],
    [0x3001, 0x3011],
    [0x3041, 0x3096],
    [0x30a1, 0x30fa],
    [0xac00, 0xac1c],
    [0x1f44d, 0x1f469],
    [0x1f600, 0x1f61f],
];
const chinese = [...new Set(sentences.join("").match(/[\u4e00-\u9fff]/g)), "\u3400", "\u{20000}", "\u8c48"];

/** A WordPiece vocabulary of all characters that the normalizer leaves of the blocks, and of words and parts of them. */
function wordPieces(specials, prefix, normalizer, count, extra = []) {
    const normalize = (text) => normalizer.normalizeString(text),
        split = tokenizers.bertPreTokenizer();
    const words = countWords(sentences, (line) => split.preTokenizeString(normalize(line)).map(([word]) => word));
    const texts = blocks.map(([first, last]) => String.fromCodePoint(...Array.from({ length: last - first + 1 }, (_, i) => first + i)));
    const characters = [...new Set(normalize(texts.join(" ")))].filter((c) => c !== " ").sort();
    const spelled = [...words].map(([word, times]) => [[...word].map((c, i) => (i > 0 ? prefix : "") + c), times]);
    const merges = learnMerges(spelled, count, (left, right) => left + right.slice(prefix.length));
    const pieces = [
        ...specials,
        ...characters,
        ...characters.map((c) => prefix + c),
        ...chinese,
        ...merges.map(([left, right]) => left + right.slice(prefix.length)),
        ...extra,
    ];
    return Object.fromEntries([...new Set(pieces)].map((piece, id) => [piece, id]));
}

const special = (content, vocab, more = plain) => ({ id: vocab[content], content, ...more, special: true });
const named = (content, more = plain) => ({ content, ...more });

function wordPieceFiles(vocab, normalizer, added, template) {
    return {
        version: "1.0",
        truncation: null,
        padding: null,
        added_tokens: added,
        normalizer,
        pre_tokenizer: { type: "BertPreTokenizer" },
        post_processor: template,
        decoder: { type: "WordPiece", prefix: "##", cleanup: true },
        model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab },
    };
}

function bertTemplate(vocab) {
    const token = (id, type_id = 0) => ({ SpecialToken: { id, type_id } }),
        text = (id, type_id = 0) => ({ Sequence: { id, type_id } });
    const single = [token("[CLS]"), text("A"), token("[SEP]")];
    const known = (id) => [id, { id, ids: [vocab[id]], tokens: [id] }];
    return {
        type: "TemplateProcessing",
        single,
        pair: [...single, text("B", 1), token("[SEP]", 1)],
        special_tokens: Object.fromEntries(["[CLS]", "[SEP]"].map(known)),
    };
}

const bertSpecials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const bertNames = { cls_token: "[CLS]", mask_token: "[MASK]", pad_token: "[PAD]", sep_token: "[SEP]", unk_token: "[UNK]" };

/** The folder of a BERT checkpoint, as save_pretrained of transformers writes it. */
function writeBert(folder, lowercase, count) {
    const options = { cleanText: true, handleChineseChars: true, stripAccents: lowercase, lowercase };
    const unused = Array.from({ length: 5 }, (_, i) => `[unused${i}]`);
    const vocab = wordPieces(["[PAD]", ...unused, ...bertSpecials.slice(1)], "##", tokenizers.bertNormalizer(options), count);
    const added = bertSpecials.map((content) => special(content, vocab));
    const normalizer = { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase };
    writeJson(`${folder}/tokenizer.json`, wordPieceFiles(vocab, normalizer, added, bertTemplate(vocab)));
    // By id: an object of JavaScript has the pieces that are numbers first.
    write(
        `${folder}/vocab.txt`,
        Object.entries(vocab)
            .sort((a, b) => a[1] - b[1])
            .map(([piece]) => piece + "\n")
            .join(""),
    );
    writeJson(`${folder}/tokenizer_config.json`, {
        added_tokens_decoder: Object.fromEntries(added.map(({ id, ...token }) => [id, token])),
        clean_up_tokenization_spaces: false,
        ...bertNames,
        do_basic_tokenize: true,
        do_lower_case: lowercase,
        extra_special_tokens: {},
        model_max_length: 512,
        never_split: null,
        strip_accents: null,
        tokenize_chinese_chars: true,
        tokenizer_class: "BertTokenizer",
    });
    writeJson(
        `${folder}/special_tokens_map.json`,
        Object.fromEntries(Object.entries(bertNames).map(([name, content]) => [name, named(content)])),
    );
}

/** WordPiece with another unknown token, prefix, longest word and template, and added tokens of each combination of flags. */
function writeOther(folder) {
    const none = tokenizers.bertNormalizer({ cleanText: false, handleChineseChars: false, stripAccents: false, lowercase: false });
    const vocab = wordPieces(["<?>", "<a>", "<b>"], "@@", none, 500, [
        "i\u0307",
        "e\u0301",
        "@@\u0301",
        "@@\u0307",
        "\ufffd",
        "@@\ufffd",
        "\u302e",
    ]);
    const added = [];
    for (let bits = 0; bits < 16; bits++) {
        const more = flags((bits & 2) !== 0, (bits & 4) !== 0, (bits & 1) !== 0, (bits & 8) !== 0);
        added.push({
            id: Object.keys(vocab).length + bits,
            content: `Tok\u00C9n${String.fromCharCode(97 + bits)}`,
            ...more,
            special: false,
        });
    }
    const definition = wordPieceFiles(vocab, null, added, {
        type: "BertProcessing",
        sep: ["<b>", vocab["<b>"]],
        cls: ["<a>", vocab["<a>"]],
    });
    definition.model = { type: "WordPiece", unk_token: "<?>", continuing_subword_prefix: "@@", max_input_chars_per_word: 12, vocab };
    definition.normalizer = { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: true, lowercase: true };
    writeJson(`${folder}/tokenizer.json`, definition);
    writeJson(`${folder}/tokenizer_config.json`, { tokenizer_class: "PreTrainedTokenizerFast" });
}

/** The folder of a RoBERTa checkpoint. */
function writeRoberta(folder, count) {
    const split = tokenizers.byteLevelPreTokenizer(false, true);
    const words = countWords(sentences, (line) => split.preTokenizeString(line).map(([word]) => word));
    const merges = learnMerges(
        [...words].map(([word, times]) => [[...word], times]),
        count,
        (left, right) => left + right,
    );
    // In the order of GPT-2's bytes_to_unicode: the printable ones, then the others.
    const bytes = [...tokenizers.byteLevelAlphabet()].sort((a, b) => a.codePointAt(0) - b.codePointAt(0));
    const pieces = ["<s>", "<pad>", "</s>", "<unk>", ...bytes, ...merges.map(([left, right]) => left + right), "<mask>"];
    const vocab = Object.fromEntries([...new Set(pieces)].map((piece, id) => [piece, id]));
    const normalized = flags(false, false, false, true),
        mask = flags(true, false, false, false);
    const added = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"].map((content) =>
        special(content, vocab, content === "<mask>" ? mask : normalized),
    );
    const names = {
        bos_token: "<s>",
        cls_token: "<s>",
        eos_token: "</s>",
        mask_token: "<mask>",
        pad_token: "<pad>",
        sep_token: "</s>",
        unk_token: "<unk>",
    };
    writeJson(`${folder}/tokenizer.json`, {
        version: "1.0",
        truncation: null,
        padding: null,
        added_tokens: added,
        normalizer: null,
        pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
        post_processor: {
            type: "RobertaProcessing",
            sep: ["</s>", vocab["</s>"]],
            cls: ["<s>", vocab["<s>"]],
            trim_offsets: true,
            add_prefix_space: false,
        },
        decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
        model: {
            type: "BPE",
            dropout: null,
            unk_token: null,
            continuing_subword_prefix: "",
            end_of_word_suffix: "",
            fuse_unk: false,
            byte_fallback: false,
            ignore_merges: false,
            vocab,
            merges,
        },
    });
    writeJson(`${folder}/vocab.json`, vocab);
    write(`${folder}/merges.txt`, "#version: 0.2\n" + merges.map((merge) => merge.join(" ") + "\n").join(""));
    writeJson(`${folder}/tokenizer_config.json`, {
        add_prefix_space: false,
        added_tokens_decoder: Object.fromEntries(added.map(({ id, ...token }) => [id, token])),
        ...names,
        clean_up_tokenization_spaces: false,
        errors: "replace",
        extra_special_tokens: {},
        model_max_length: 512,
        tokenizer_class: "RobertaTokenizer",
        trim_offsets: true,
    });
    writeJson(
        `${folder}/special_tokens_map.json`,
        Object.fromEntries(
            Object.entries(names).map(([name, content]) => [name, named(content, content === "<mask>" ? mask : normalized)]),
        ),
    );
}

writeBert("uncased", true, 700);
writeBert("cased", false, 700);
writeOther("other");
writeRoberta("roberta", 700);
