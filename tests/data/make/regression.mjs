// A BERT that gives a value for a pair of texts: the first layer of a given classifier, and a head that learned the scores of pairs.train.tsv.
//   node make/regression.mjs SOURCE TARGET
import fs from "node:fs";
import path from "node:path";
import { encode, linear, loadModel } from "./forward.mjs";
import { readSafetensors, writeSafetensors } from "./safetensors.mjs";
import { loadTokenizer } from "./tokenizer.mjs";
import { readTsv } from "./tsv.mjs";
import { cutRows, cutVocabulary } from "./vocabulary.mjs";

const [source, target] = process.argv.slice(2);
const texts = path.join(import.meta.dirname, "..", "texts"), model = path.join(target, "model.safetensors");
const train = readTsv(path.join(texts, "pairs.train.tsv")), dev = readTsv(path.join(texts, "pairs.dev.tsv"));
const positions = 64, ridge = 0.1;

const given = JSON.parse(fs.readFileSync(path.join(source, "config.json"), "utf8")), width = given.hidden_size;
const ids = await cutVocabulary(source, target, [...train, ...dev].flatMap((row) => [row.sentence1, row.sentence2]), [], {
  num_hidden_layers: 1, max_position_embeddings: positions, problem_type: "regression", id2label: { 0: "LABEL_0" }, label2id: { LABEL_0: 0 },
});
const tensors = Object.fromEntries(Object.entries(readSafetensors(path.join(source, "model.safetensors"))).filter(([name]) => !name.includes("layer.1.")));
tensors["bert.embeddings.word_embeddings.weight"] = cutRows(tensors["bert.embeddings.word_embeddings.weight"], ids);
tensors["bert.embeddings.position_embeddings.weight"] = cutRows(tensors["bert.embeddings.position_embeddings.weight"], Array.from({ length: positions }, (_, i) => i));
tensors["classifier.weight"] = { dtype: "F16", shape: [1, width], values: new Float64Array(width) };
tensors["classifier.bias"] = { dtype: "F16", shape: [1], values: [0] };
writeSafetensors(model, tensors);

// Ridge regression of the scores on what the pooler gives; the constant is not held back.
const { hidden, head, ...body } = loadModel(target), tokenize = loadTokenizer(target);
const features = [];
for (const row of train) {
  const first = encode({ hidden, head, ...body }, await tokenize(row.sentence1, row.sentence2)).subarray(0, hidden);
  features.push([...linear(first, head.dense).map(Math.tanh), 1]);
}
const size = width + 1;
const normal = Array.from({ length: size }, (_, i) => [
  ...Array.from({ length: size }, (_, j) => features.reduce((sum, x) => sum + x[i] * x[j], i === j && i < width ? ridge : 0)),
  features.reduce((sum, x, k) => sum + x[i] * Number(train[k].score), 0),
]);
for (let i = 0; i < size; i++) {
  // The matrix is positive definite: its diagonal serves as pivots.
  for (let row = 0; row < size; row++) {
    if (row === i) continue;
    const factor = normal[row][i] / normal[i][i];
    for (let column = i; column <= size; column++) normal[row][column] -= factor * normal[i][column];
  }
}
const solution = normal.map((row, i) => row[size] / row[i]);
tensors["classifier.weight"].values = solution.slice(0, width);
tensors["classifier.bias"].values = solution.slice(width);
writeSafetensors(model, tensors);
console.log(`${target}: ${ids.length} pieces, a head that learned from ${train.length} pairs`);
