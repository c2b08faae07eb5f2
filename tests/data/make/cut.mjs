// Cuts a given checkpoint's vocabulary down to the pieces that the texts beside it use; what it computes for them stays as it is.
//   node make/cut.mjs SOURCE TARGET
import assert from "node:assert";
import fs from "node:fs";
import path from "node:path";
import { allTexts } from "./all-texts.mjs";
import { forward, loadModel } from "./forward.mjs";
import { readSafetensors, writeSafetensors } from "./safetensors.mjs";
import { loadTokenizer } from "./tokenizer.mjs";
import { readTsv } from "./tsv.mjs";

const [source, target] = process.argv.slice(2);
const read = (name) => JSON.parse(fs.readFileSync(path.join(source, name), "utf8"));
const write = (name, value) => fs.writeFileSync(path.join(target, name), typeof value === "string" ? value : JSON.stringify(value, null, 2) + "\n");

const judged = readTsv(path.join(import.meta.dirname, "..", "texts", "reviews.dev.tsv")).map((row) => row.sentence);
const sentences = allTexts();

const vocabulary = fs.readFileSync(path.join(source, "vocab.txt"), "utf8").trimEnd().split("\n");
const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
// With every ASCII character and its continuation no ASCII word is unknown; of other scripts a few characters stay, so that some are not either.
const ascii = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).filter((c) => !/[A-Z]/.test(c));
const others = [..."ßæøα日月山人大水中国東京の"];
const wanted = new Set([...ascii, ...others, ...[...ascii, ...others].map((c) => `##${c}`)]);
const encodeWhole = loadTokenizer(source);
for (const sentence of sentences) for (const token of (await encodeWhole(sentence)).tokens) wanted.add(token);

const pieces = [...special, ...vocabulary.filter((piece) => wanted.has(piece) && !special.includes(piece))];
const oldIds = pieces.map((piece) => vocabulary.indexOf(piece));
const newId = new Map(oldIds.map((old, id) => [old, id]));

fs.mkdirSync(target, { recursive: true });
write("vocab.txt", pieces.join("\n") + "\n");
write("config.json", { ...read("config.json"), vocab_size: pieces.length });
write("special_tokens_map.json", read("special_tokens_map.json"));

const tokenizerConfig = read("tokenizer_config.json");
tokenizerConfig.added_tokens_decoder = Object.fromEntries(
  Object.entries(tokenizerConfig.added_tokens_decoder).map(([id, token]) => [newId.get(Number(id)), token]));
write("tokenizer_config.json", tokenizerConfig);

const tokenizer = read("tokenizer.json");
for (const token of tokenizer.added_tokens) token.id = newId.get(token.id);
for (const token of Object.values(tokenizer.post_processor.special_tokens)) token.ids = token.ids.map((id) => newId.get(id));
tokenizer.model.vocab = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
write("tokenizer.json", tokenizer);

const tensors = readSafetensors(path.join(source, "model.safetensors"));
const words = Object.entries(tensors).find(([name]) => name.endsWith("word_embeddings.weight"))[1];
const width = words.shape[1];
words.shape = [pieces.length, width];
words.values = Float64Array.from({ length: pieces.length * width }, (_, i) => words.values[oldIds[Math.floor(i / width)] * width + (i % width)]);
writeSafetensors(path.join(target, "model.safetensors"), tensors);

// The same pieces, under other numbers, and so exactly the same logits.
const whole = loadModel(source), cut = loadModel(target), encodeCut = loadTokenizer(target);
for (const sentence of sentences) {
  const before = await encodeWhole(sentence), after = await encodeCut(sentence);
  assert.deepStrictEqual(after.ids, before.ids.map((id) => newId.get(id)), sentence);
  if (judged.includes(sentence)) assert.deepStrictEqual(forward(cut, after), forward(whole, before), sentence);
}
console.log(`${target}: ${pieces.length} of ${vocabulary.length} pieces; ids of ${sentences.length} texts and logits of ${judged.length} are the same`);
