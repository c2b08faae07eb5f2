// Transplants a given BERT's weights into a RoBERTa with a byte-level BPE of its own: what it has learned stays.
//   node make/roberta.mjs BERT TOKENIZER TARGET        TOKENIZER: a RoBERTa's folder, of which all but vocabulary and merges is taken
// RoBERTa is BERT under other names, with one token type, positions behind two rows that nothing reads, and a head of its own name. The merges are
// learned here from the texts; a token's row is that of the WordPiece piece with the same letters, at the start of a word or within one.
import fs from "node:fs";
import path from "node:path";
import { allTexts } from "./all-texts.mjs";
import { readSafetensors, writeSafetensors } from "./safetensors.mjs";
import { loadTokenizer } from "./tokenizer.mjs";
import { cutRows } from "./vocabulary.mjs";

const [bert, tokenizerSource, target] = process.argv.slice(2);
const mergeCount = 1300;

/** GPT-2's printable stand-ins for the 256 bytes. */
const alphabet = (() => {
  const printable = [[33, 126], [161, 172], [174, 255]].flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable.includes(byte) ? byte : next++));
})();
const bytes = new Map(alphabet.map((character, byte) => [character, byte]));
const asBytes = (text) => [...Buffer.from(text)].map((byte) => alphabet[byte]);
const asText = (token) => Buffer.from([...token].map((character) => bytes.get(character))).toString();

/** The most frequent pair of neighbours becomes a token, and again; among equals the first in the order of code units. */
function learnMerges(texts, count) {
  const counts = new Map();
  // GPT-2's words: with the space before them.
  const pattern = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
  for (const text of texts) for (const [word] of text.matchAll(pattern)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const words = [...counts].map(([word, times]) => ({ symbols: asBytes(word), times }));
  const merges = [];
  while (merges.length < count) {
    const pairs = new Map();
    for (const { symbols, times } of words) {
      for (let i = 1; i < symbols.length; i++) {
        const pair = `${symbols[i - 1]} ${symbols[i]}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + times);
      }
    }
    let best = "", most = 0;
    for (const [pair, times] of pairs) if (times > most || (times === most && pair < best)) [best, most] = [pair, times];
    if (most < 2) break;
    merges.push(best.split(" "));
    const [left, right] = merges.at(-1);
    for (const word of words) {
      for (let i = 1; i < word.symbols.length; i++) {
        if (word.symbols[i - 1] === left && word.symbols[i] === right) word.symbols.splice(i - 1, 2, left + right);
      }
    }
  }
  return merges;
}

const texts = allTexts();
const merges = learnMerges(texts, mergeCount);
const tokens = ["<s>", "<pad>", "</s>", "<unk>", ...alphabet, ...merges.map((pair) => pair.join("")), "<mask>"];
if (new Set(tokens).size !== tokens.length) throw new Error("a token stands twice");

fs.mkdirSync(target, { recursive: true });
const read = (name) => JSON.parse(fs.readFileSync(path.join(tokenizerSource, name), "utf8"));
const write = (name, value) => fs.writeFileSync(path.join(target, name), typeof value === "string" ? value : JSON.stringify(value, null, 2) + "\n");
const vocabulary = Object.fromEntries(tokens.map((token, id) => [token, id]));
const mask = tokens.length - 1;
write("vocab.json", JSON.stringify(vocabulary) + "\n");
write("merges.txt", ["#version: 0.2", ...merges.map((pair) => pair.join(" "))].join("\n") + "\n");
write("special_tokens_map.json", read("special_tokens_map.json"));
const tokenizerConfig = read("tokenizer_config.json");
const decoder = Object.entries(tokenizerConfig.added_tokens_decoder);
tokenizerConfig.added_tokens_decoder = Object.fromEntries(decoder.map(([id, token]) => [token.content === "<mask>" ? mask : id, token]));
write("tokenizer_config.json", tokenizerConfig);
const tokenizer = read("tokenizer.json");
for (const token of tokenizer.added_tokens) token.id = vocabulary[token.content];
tokenizer.model.vocab = vocabulary;
tokenizer.model.merges = merges;
write("tokenizer.json", tokenizer);

const given = JSON.parse(fs.readFileSync(path.join(bert, "config.json"), "utf8"));
write("config.json", {
  ...given,
  architectures: ["RobertaForSequenceClassification"], model_type: "roberta",
  bos_token_id: 0, pad_token_id: 1, eos_token_id: 2,
  max_position_embeddings: given.max_position_embeddings + 2, type_vocab_size: 1, vocab_size: tokens.length,
});

// How often a token begins a word and how often it stands within one decides which piece's row it takes.
const starts = new Array(tokens.length).fill(0), within = new Array(tokens.length).fill(0);
const encode = loadTokenizer(target);
for (const text of texts) {
  const found = (await encode(text)).tokens;
  found.forEach((token, i) => {
    const begins = token.startsWith("Ġ") || !/[\p{L}\p{N}]$/u.test(found[i - 1] ?? "") || /^<.+>$/.test(found[i - 1]);
    (begins ? starts : within)[vocabulary[token]]++;
  });
}

const tensors = readSafetensors(path.join(bert, "model.safetensors"));
const pieces = fs.readFileSync(path.join(bert, "vocab.txt"), "utf8").trimEnd().split("\n");
const ids = new Map(pieces.map((piece, id) => [piece, id]));
const special = { "<s>": "[CLS]", "<pad>": "[PAD]", "</s>": "[SEP]", "<unk>": "[UNK]", "<mask>": "[MASK]" };
function pieceOf(token, id) {
  if (special[token]) return ids.get(special[token]);
  const letters = asText(token).trim().toLowerCase().normalize("NFD").replace(/\p{Mn}/gu, "");
  const order = starts[id] >= within[id] ? [letters, `##${letters}`] : [`##${letters}`, letters];
  return ids.get(order.find((piece) => ids.has(piece)) ?? "[UNK]");
}

const width = given.hidden_size;
const renamed = {};
for (const [name, tensor] of Object.entries(tensors)) {
  if (name.endsWith("word_embeddings.weight")) {
    tensor.values = cutRows(tensor, tokens.map(pieceOf)).values;
  } else if (name.endsWith("position_embeddings.weight")) {
    // The two rows in front hold numbers that would do harm if they were read.
    tensor.values = Float64Array.from([...cutRows(tensor, [0, 1]).values.map((value) => -value), ...tensor.values]);
  } else if (name.endsWith("token_type_embeddings.weight")) {
    tensor.values = cutRows(tensor, [0]).values;
  }
  if (tensor.shape[1] === width && tensor.values.length % width === 0) tensor.shape[0] = tensor.values.length / width;
  renamed[name.replace(/^classifier\./, "classifier.out_proj.").replace("bert.pooler.dense", "classifier.dense").replace(/^bert\./, "roberta.")] = tensor;
}
writeSafetensors(path.join(target, "model.safetensors"), renamed);
const known = tokens.filter((token, id) => pieceOf(token, id) !== ids.get("[UNK]") && id > 3).length;
console.log(`${target}: ${tokens.length} tokens, ${known} of them with a row of their own, ${merges.length} merges`);
