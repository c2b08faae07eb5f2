// Cuts a given BERT's vocabulary down to the pieces that some texts use.
import fs from "node:fs";
import path from "node:path";
import { loadTokenizer } from "./tokenizer.mjs";

const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
// With every ASCII character and its continuation no ASCII word is unknown.
const ascii = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).filter((c) => !/[A-Z]/.test(c));

/** Writes the tokenizer's files and config.json; answers with the source's id of each piece that is left. */
export async function cutVocabulary(source, target, sentences, characters, change = {}) {
  const read = (name) => JSON.parse(fs.readFileSync(path.join(source, name), "utf8"));
  const write = (name, value) => fs.writeFileSync(path.join(target, name), typeof value === "string" ? value : JSON.stringify(value, null, 2) + "\n");

  const vocabulary = fs.readFileSync(path.join(source, "vocab.txt"), "utf8").trimEnd().split("\n");
  const single = [...ascii, ...characters];
  const wanted = new Set([...single, ...single.map((c) => `##${c}`)]);
  const encode = loadTokenizer(source);
  for (const sentence of sentences) for (const token of (await encode(sentence)).tokens) wanted.add(token);

  const pieces = [...special, ...vocabulary.filter((piece) => wanted.has(piece) && !special.includes(piece))];
  const oldIds = pieces.map((piece) => vocabulary.indexOf(piece));
  const newId = (old) => oldIds.indexOf(old);

  fs.mkdirSync(target, { recursive: true });
  write("vocab.txt", pieces.join("\n") + "\n");
  write("config.json", { ...read("config.json"), vocab_size: pieces.length, ...change });
  write("special_tokens_map.json", read("special_tokens_map.json"));
  const config = read("tokenizer_config.json");
  config.added_tokens_decoder = Object.fromEntries(Object.entries(config.added_tokens_decoder).map(([id, token]) => [newId(Number(id)), token]));
  write("tokenizer_config.json", config);
  const tokenizer = read("tokenizer.json");
  for (const token of tokenizer.added_tokens) token.id = newId(token.id);
  for (const token of Object.values(tokenizer.post_processor.special_tokens)) token.ids = token.ids.map(newId);
  tokenizer.model.vocab = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
  write("tokenizer.json", tokenizer);
  return oldIds;
}

/** The table of words with the rows of these ids alone. */
export function cutRows({ dtype, shape, values }, ids) {
  const width = shape[1];
  return { dtype, shape: [ids.length, width], values: Float64Array.from({ length: ids.length * width }, (_, i) => values[ids[Math.floor(i / width)] * width + (i % width)]) };
}
