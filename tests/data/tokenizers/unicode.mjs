// What the tokenizers of Hugging Face do with every code point: asked one by one, written as ranges.
import { codePoints, hex, isOfUnicode17, tokenizers, write } from "./lib.mjs";

const only = (step) =>
    tokenizers.bertNormalizer({ cleanText: false, handleChineseChars: false, stripAccents: false, lowercase: false, [step]: true });
const clean = only("cleanText"),
    chinese = only("handleChineseChars");
const uncased = tokenizers.bertNormalizer({ cleanText: true, handleChineseChars: true, stripAccents: true, lowercase: true });
const words = tokenizers.bertPreTokenizer(),
    byteLevel = tokenizers.byteLevelPreTokenizer(false, true);

function bertClass(text) {
    const cleaned = clean.normalizeString(text);
    if (cleaned === "") return "removed";
    if (cleaned === " ") return "space";
    if (chinese.normalizeString(text) !== text) return "cjk";
    return words.preTokenizeString("a" + text + "a").length === 3 ? "punctuation" : "word";
}

/** The expression joins a letter to letters, a number to numbers and what is neither to its like; white space to nothing. */
function gpt2Class(text) {
    const joins = (other) => byteLevel.preTokenizeString(other + text).length === 1;
    return joins("a") ? "letter" : joins("1") ? "number" : joins("!") ? "other" : "space";
}

function ranges(classOf) {
    const runs = [];
    for (const code of codePoints()) {
        const name = classOf(String.fromCodePoint(code)),
            run = runs.at(-1);
        if (run && run.name === name && run.last === code - 1) run.last = code;
        else runs.push({ first: code, last: code, name });
    }
    return "first\tlast\tclass\n" + runs.map((run) => `${hex(run.first)}\t${hex(run.last)}\t${run.name}\n`).join("");
}

write("unicode.bert-classes.tsv", ranges(bertClass));
write("unicode.gpt2-classes.tsv", ranges(gpt2Class));

// What cleaning takes or makes a space, and spaces around a Chinese character that stays the same, the class tells already.
let map = "code\tbecomes\n";
for (const code of codePoints()) {
    const text = String.fromCodePoint(code),
        becomes = uncased.normalizeString(text);
    const isCleaned = ["removed", "space"].includes(bertClass(text));
    if (!isCleaned && !isOfUnicode17(code) && becomes.replace(/^ | $/g, "") !== text)
        map += `${hex(code)}\t${[...becomes].map((c) => hex(c.codePointAt(0))).join(" ")}\n`;
}
write("unicode.bert-uncased-map.tsv", map);
