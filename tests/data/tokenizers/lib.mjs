// What the scripts of this folder share: npm's tokenizers, a random generator of a seed, files written the same on every machine.
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

export const here = path.dirname(fileURLToPath(import.meta.url));

// make.sh names the folder that npm installed into.
const packages = process.env.NPM_TOKENIZERS ?? path.join(here, "../../../artifacts/npm-tokenizers");
export const tokenizers = createRequire(path.join(path.resolve(packages), "_.js"))("tokenizers");

/** What a definition (the contents of tokenizer.json) makes of texts. */
export class Peer {
    constructor(definition) {
        this.tokenizer = tokenizers.Tokenizer.fromString(JSON.stringify(definition));
    }

    async ids(text, addSpecialTokens = true) {
        return (await this.tokenizer.encode(text, null, { addSpecialTokens })).getIds();
    }

    /**
     * Ids and types of one text or two, cut to a length. Both are told whole before they are cut: this version of the library stops reading a text
     * that is long enough to be cut, so that it may take the longer one for the shorter; transformers 4.55 comes with 0.21.
     */
    async cut(a, b, maxLength, direction) {
        const whole = (text) => this.tokenizer.encode(text, null, { addSpecialTokens: false });
        const first = await whole(a),
            second = b === null ? null : await whole(b);
        this.tokenizer.setTruncation(maxLength, { strategy: "LongestFirst", direction });
        const encoding = this.tokenizer.postProcess(first, second, true);
        this.tokenizer.disableTruncation();
        return { ids: encoding.getIds(), types: encoding.getTypeIds() };
    }
}

/** mulberry32: numbers that depend on the seed alone. */
export class Random {
    constructor(seed) {
        this.state = seed >>> 0;
    }

    /** A whole number from 0 to below the limit. */
    below(limit) {
        this.state = (this.state + 0x6d2b79f5) >>> 0;
        let t = this.state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * limit);
    }

    between(low, high) {
        return low + this.below(high - low + 1);
    }

    of(list) {
        return list[this.below(list.length)];
    }

    chance(percent) {
        return this.below(100) < percent;
    }
}

export function write(name, text) {
    const file = path.join(here, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
}

export const writeJson = (name, value) => write(name, JSON.stringify(value, null, 1) + "\n");

/** ASCII alone, so that editors and diffs show what is there. */
export const asciiJson = (value) =>
    JSON.stringify(value).replace(/[\u007f-\uffff]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

export const writeLines = (name, values) => write(name, values.map((value) => asciiJson(value) + "\n").join(""));

/** The same bytes whatever system packs them: gzip's header would name it. */
export function writePacked(name, text) {
    const packed = zlib.gzipSync(text, { level: 9 });
    packed[9] = 255;
    write(name, packed);
}

export const readText = (name) => fs.readFileSync(path.join(here, name), "utf8");

/** All code points that a text can have. */
export function* codePoints() {
    for (let code = 0; code < 0x110000; code++) {
        if (code < 0xd800 || code > 0xdfff) yield code;
    }
}

/**
 * Letters of Unicode 17, to which npm's tokenizers 0.23.2 (built by a newer Rust) gives a lower case, and those that transformers 4.55
 * comes with do not. The product follows transformers; nothing else differs between the two.
 */
export const isOfUnicode17 = (code) => [0xa7ce, 0xa7d2, 0xa7d4].includes(code) || (code >= 0x16ea0 && code <= 0x16eb8);

export const hex = (code) => code.toString(16).toUpperCase().padStart(4, "0");
