// Texts with the ids that the tokenizers of vocabularies.mjs give them: sentences, nasty ones made by hand, random Unicode.
import fs from "node:fs";
import path from "node:path";
import { Peer, Random, here, isOfUnicode17, readText, writeLines } from "./lib.mjs";

const definition = (folder) => JSON.parse(fs.readFileSync(path.join(here, folder, "tokenizer.json"), "utf8"));
const sentences = readText("sentences.txt").split("\n").filter(Boolean);
const times = (text, count) => text.repeat(count);

// What breaks tokenizers: nothing, white space of every kind, controls, marks, case that changes length, signs in a row, long words,
// contractions, special tokens whole and in part, what only looks like a space, a letter or a number.
const nasty = [
    "",
    " ",
    "  ",
    "\t",
    "\n",
    "\r\n",
    " \n \t ",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\u0000",
    "\ufeff",
    "\ufffd",
    "\u007f",
    "\u0085",
    "\u2028a\u2029",
    "a",
    " a",
    "a ",
    " a ",
    "a  b",
    "a   b",
    "a\u00a0b",
    "a\u3000b",
    "a\tb\nc\rd",
    "a\u200bb",
    "a\u00adb",
    "a\u0000b",
    "\u0000a\u0000",
    "a\u0007b\u001bc",
    "\ufeffhello",
    "a\u2060b\u200db\u200cb",
    "\ue000a\uf8ffb\u{f0000}",
    "\u{10ffff}",
    "\ufdd0\uffff",
    "ABC abc AbC",
    "\u00c9t\u00e9 \u00c9T\u00c9",
    "e\u0301t\u00e9 E\u0301",
    "\u0130I\u0131i",
    "\u0130",
    "STRASSE Stra\u00dfe STRA\u1e9eE",
    "\u03a3\u03a3 \u03a3 \u03c2\u03c3",
    "\ufb03 \ufb01x",
    "\u01c4 \u01c5 \u01c6",
    "\u212b \u2126 \u212a",
    "a\u0301\u0302\u0303\u0304b",
    "\u0301",
    "\u0301a",
    " \u0301 ",
    "q\u0307\u0323 q\u0323\u0307",
    "\u1e9b\u0323",
    "\u302e",
    "a\u302e\u0301b",
    "\u{1d15f}",
    "\u{1d158}\u{1d165}\u302e",
    "\u0941\u094d",
    "\u0915\u094d\u0937",
    "\u0e33 \u0e01\u0e33",
    "\uac00\uac01\ud7a3",
    "\u1100\u1161\u11a8",
    "\u4e2d\u6587",
    "a\u4e2db\u6587c",
    "\u3042\u30a2\u304c\u30ac",
    "\u304b\u3099\u30ab\u3099",
    "\uf900\u8c48",
    "\u3400\u{20000}\u{2f800}",
    "\uff21\uff22\uff43 \uff11\uff12",
    "\u2460\u00bd\u00b2\u216b",
    "\u0661\u0662\u0663 \u0967\u0968",
    "\u3007\u4e00",
    "1,000.50",
    "3.14e-10",
    "0x1F",
    "12a34b",
    "a1b2c3",
    "\u{1f600}",
    "\u{1f44d}\u{1f3fd}",
    "\u{1f469}\u200d\u{1f469}\u200d\u{1f467}",
    "\u{1f1e9}\u{1f1ea}",
    "x\u{1f600}y",
    "\u2764\ufe0f",
    "!",
    "!!!",
    "...",
    "?!?!",
    "a.b,c;d:e",
    "(a)[b]{c}",
    "-a-b--c-",
    "_a_b_",
    "don't",
    "I'm we'll they're you've he'd it's 's 't 'x 'LL",
    "''s",
    "a'b'c",
    "'",
    " 's",
    "x 's",
    "\u2018a\u2019 \u201cb\u201d \u2014 \u2026",
    "\u00bfa? \u00a1b!",
    "\u300ca\u300d\u3001b\u3002",
    "$1 \u20ac2 \u00a33",
    "a+b=c",
    "a<b>c",
    "`~^|\\",
    "a@b.c",
    "#a",
    "&amp;",
    times("a", 99),
    times("a", 100),
    times("a", 101),
    times("ab", 200),
    times("\u00e9", 100),
    times("e\u0301", 101),
    times("\u4e2d", 120),
    times("-", 150),
    times(" ", 200),
    times("a ", 300),
    times("\u0301", 120),
    times("\u302e", 101),
    times("un", 30) + "able",
    times("\u{1f600}", 30),
    times("\u00e9\u00e8", 40),
    "x" + times(" ", 50) + "y",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[UNK]",
    "[PAD]",
    "[mask]",
    "[MASK",
    "MASK]",
    "[ MASK ]",
    "[MASK][MASK]",
    "a[MASK]b",
    "a [MASK] b",
    "a  [MASK]  b",
    "[CLS] a [SEP] b [SEP]",
    "[unused1]",
    "[[MASK]]",
    "[UNK]a",
    "[MA\u0301SK]",
    "[M\u0000ASK]",
    "[SEP]\u4e2d[SEP]",
    "un[SEP]able",
    "<s>",
    "</s>",
    "<pad>",
    "<unk>",
    "<mask>",
    "<MASK>",
    "a<mask>b",
    "a <mask> b",
    "a  <mask>  b",
    "a\u3000\n<mask>\u00a0b",
    "<mask><mask> <mask>",
    "</s></s>",
    " </s> ",
    "<s",
    "s>",
    "< s >",
    "##a",
    "a##b",
    "@@a",
    "# # a",
    "\u0120a",
    "\u010a",
    "a\u0120b",
    "\u00c2\u00a0",
    "\u00c3\u00a9",
    "\u0100\u0142",
    "unaffable",
    "Unaffable, UNABLE!",
    "unaffordably unreadable",
    "reading rereading",
    "supercalifragilisticexpialidocious",
    "walking",
    "walkway's",
];

const other = [
    ..."abcdefghijklmnop".split("").flatMap((c) => {
        const token = `Tok\u00c9n${c}`;
        return [
            token,
            `a ${token} b`,
            `a${token}b`,
            `a  ${token}  ${token}.`,
            `toke\u0301n${c} TOKEN${c} tok\u00c9n${c}`,
            `\u3000${token}\n\u00a0x`,
            `_${token} ${token}_`,
            `${token}${token}`,
        ];
    }),
    "the unaffordable walk",
    times("a", 12),
    times("a", 13),
    times("e\u0301", 7),
    times("\u4e2d", 13),
    "reader's readers",
    "i\u0307 \u0130",
    "<?> <a> <b>",
];

const spaces = [" ", "  ", "\t", "\n", "\u00a0", "\u3000", "\u2009", "\u200b", "\r\n", "\u0085", "\u2028", "\u000b"];
const specials = ["[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "<s>", "</s>", "<mask>", "<pad>", "<unk>"];
const marks = [
    "\u0301",
    "\u0308",
    "\u0323",
    "\u302e",
    "\u0941",
    "\u093e",
    "\u200d",
    "\ufe0f",
    "\u{1d165}",
    "\u{1d16d}",
    "\u3099",
    "\u05b0",
];
const words = [...new Set(sentences.join(" ").split(" "))];
const contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'", "\u2019s"];
const blocks = [
    [0x0, 0x7f],
    [0x21, 0x7e],
    [0x61, 0x7a],
    [0x80, 0xff],
    [0x100, 0x24f],
    [0x370, 0x3ff],
    [0x400, 0x52f],
    [0x590, 0x6ff],
    [0x900, 0x97f],
    [0xe00, 0xe7f],
    [0x1100, 0x11ff],
    [0x1e00, 0x1fff],
    [0x2000, 0x206f],
    [0x20a0, 0x214f],
    [0x2460, 0x24ff],
    [0x3000, 0x30ff],
    [0x4e00, 0x4e7f],
    [0xac00, 0xac40],
    [0xf900, 0xfaff],
    [0xff00, 0xffef],
    [0x1d150, 0x1d1ff],
    [0x1d400, 0x1d4ff],
    [0x1f100, 0x1f1ff],
    [0x1f600, 0x1f64f],
    [0x0, 0xd7ff],
    [0xe000, 0xffff],
    [0x10000, 0x1ffff],
    [0x20000, 0x10ffff],
];

/** Words, marks, spaces, special tokens and code points of one block or of all, in any order. */
function randomText(random) {
    const kinds = [
            [words, 40],
            [spaces, 25],
            [marks, 8],
            [specials, 4],
            [contractions, 5],
        ],
        block = random.of(blocks);
    let text = "";
    for (let left = random.between(1, 14); left > 0; left--) {
        let roll = random.below(100);
        const kind = kinds.find(([, weight]) => (roll -= weight) < 0);
        if (kind) {
            text += random.of(kind[0]);
            continue;
        }
        const [first, last] = random.chance(70) ? block : random.of(blocks);
        for (let run = random.between(1, 4); run > 0; run--) {
            const code = random.between(first, last);
            if (!isOfUnicode17(code)) text += String.fromCodePoint(code);
        }
    }
    return text;
}

const randomTexts = (seed, count) => {
    const random = new Random(seed);
    return Array.from({ length: count }, () => randomText(random));
};

async function lines(peer, groups) {
    const all = [];
    for (const [kind, texts] of Object.entries(groups)) {
        for (const text of texts) all.push({ kind, text, ids: await peer.ids(text) });
    }
    return all;
}

/** Pairs of sentences and of random texts, cut to lengths that cut none, one or both; also on the left. */
async function pairs(peer, seed, count) {
    const random = new Random(seed),
        all = [];
    while (all.length < count) {
        const pick = () => (random.chance(60) ? random.of(sentences) : randomText(random));
        const a = random.chance(20) ? pick() + " " + pick() : pick(),
            b = random.chance(20) ? pick() + " " + pick() : pick();
        const max = random.of([5, 6, 7, 8, 9, 12, 16, 24, 32, 48, 64, 96]),
            side = random.chance(30) ? "left" : "right";
        // An empty second text is none to transformers; to the library it is one, with separators of its own.
        if (b !== "") all.push({ a, b, max, side, ...(await peer.cut(a, b, max, side)) });
    }
    return all;
}

async function singles(peer, seed, count) {
    const random = new Random(seed),
        all = [];
    while (all.length < count) {
        const text = random.chance(60) ? random.of(sentences) : randomText(random),
            max = random.of([3, 4, 5, 6, 8, 12, 16, 24]);
        const side = random.chance(50) ? "left" : "right";
        all.push({ text, max, side, ids: (await peer.cut(text, null, max, side)).ids });
    }
    return all;
}

for (const [i, folder] of ["uncased", "cased", "roberta"].entries()) {
    const peer = new Peer(definition(folder));
    writeLines(`${folder}.jsonl`, await lines(peer, { nasty, sentence: sentences, random: randomTexts(1000 + i, 700) }));
    writeLines(`${folder}.cut.jsonl`, [...(await singles(peer, 2000 + i, 150)), ...(await pairs(peer, 3000 + i, 250))]);
}

// Every combination of the normalizer's four options, with everything else as the folder has it.
const all = [];
for (let bits = 0; bits < 16; bits++) {
    const given = definition("other");
    const on = (bit) => (bits & bit) !== 0;
    Object.assign(given.normalizer, { clean_text: on(1), handle_chinese_chars: on(2), strip_accents: on(4), lowercase: on(8) });
    const texts =
        bits === 15 || bits === 0
            ? [...nasty, ...other]
            : [...nasty.filter((_, i) => i % 4 === bits % 4), ...other.filter((_, i) => i % 4 === bits % 4)];
    const peer = new Peer(given);
    for (const line of await lines(peer, { nasty: texts, random: randomTexts(4000 + bits, 60) })) all.push({ options: bits, ...line });
}
writeLines("other.jsonl", all);
