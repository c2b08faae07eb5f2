// Validates forward.mjs by logits that others computed: Hugging Face's, of the given checkpoints. node make/validate.mjs SHARED
// One in `step` of the texts, so that it takes a minute.
import assert from "node:assert";
import fs from "node:fs";
import path from "node:path";
import { forward, loadModel } from "./forward.mjs";
import { loadTokenizer } from "./tokenizer.mjs";
import { readTsv } from "./tsv.mjs";

const shared = process.argv[2];
const bar = 1e-3;
const sentence = ["sentence"], pair = ["sentence1", "sentence2"];
for (const [checkpoint, file, data, columns, step, activation] of [
  ["tiny-sst2", "logits.dev.tsv", "sst2/dev.tsv", sentence, 2],
  ["tiny-sst2", "logits.dev.relu.tsv", "sst2/dev.tsv", sentence, 4, "relu"],
  ["tiny-sst2", "logits.dev.gelu_new.tsv", "sst2/dev.tsv", sentence, 4, "gelu_new"],
  ["distilbert-tiny-sst2", "logits.dev.tsv", "sst2/dev.tsv", sentence, 2],
  ["minilm-l3-stsb", "logits.dev.tsv", "stsb/dev.tsv", pair, 40],
  ["minilm-l3-hwu64", "logits.test.tsv", "hwu64/test.tsv", ["text"], 20],
]) {
  const folder = path.join(shared, "checkpoints", checkpoint);
  const expected = fs.readFileSync(path.join(folder, file), "utf8").trimEnd().split("\n").map((line) => line.split("\t").map(Number));
  const model = loadModel(folder), encode = loadTokenizer(folder);
  let largest = 0, count = 0;
  for (const [i, row] of readTsv(path.join(shared, "data", data)).entries()) {
    if (i % step) continue;
    const logits = forward(model, await encode(...columns.map((column) => row[column])), activation);
    logits.forEach((value, j) => (largest = Math.max(largest, Math.abs(value - expected[i][j]))));
    count++;
  }
  console.log(`${checkpoint}/${file}: ${count} of ${expected.length} texts, largest difference ${largest.toExponential(1)}`);
  assert(largest < bar, `above ${bar}`);
}
