// An independent forward pass in 64-bit floating point, written from the papers' and Hugging Face's descriptions of the architectures and from
// nothing in src/: the logits that the tests expect.
//   node make/forward.mjs CHECKPOINT TEXTS.tsv COLUMN[,COLUMN] OUT.tsv [HIDDEN_ACT]     a line of logits for each row
import fs from "node:fs";
import path from "node:path";
import { readSafetensors } from "./safetensors.mjs";
import { loadTokenizer } from "./tokenizer.mjs";
import { readTsv } from "./tsv.mjs";

/** erf by its series with positive terms, exact to the last digits of a double. */
export function erf(x) {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  let term = size, sum = size;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * size * size) / (2 * n + 1);
    sum += term;
  }
  return (Math.sign(x) * 2 * Math.exp(-size * size) * sum) / Math.sqrt(Math.PI);
}

const activations = {
  gelu: (x) => (x * (1 + erf(x / Math.SQRT2))) / 2,
  gelu_new: (x) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2,
  relu: (x) => Math.max(x, 0),
  tanh: Math.tanh,
};

/** What each architecture calls its parts; a layer's parts stand behind its prefix. */
const names = {
  bert: {
    body: "bert.", layer: (i) => `bert.encoder.layer.${i}.`,
    query: "attention.self.query", key: "attention.self.key", value: "attention.self.value", output: "attention.output.dense",
    norm1: "attention.output.LayerNorm", up: "intermediate.dense", down: "output.dense", norm2: "output.LayerNorm",
    dense: "bert.pooler.dense", denseAct: "tanh", classifier: "classifier",
  },
  distilbert: {
    body: "distilbert.", layer: (i) => `distilbert.transformer.layer.${i}.`,
    query: "attention.q_lin", key: "attention.k_lin", value: "attention.v_lin", output: "attention.out_lin",
    norm1: "sa_layer_norm", up: "ffn.lin1", down: "ffn.lin2", norm2: "output_layer_norm",
    dense: "pre_classifier", denseAct: "relu", classifier: "classifier",
  },
};
for (const type of ["roberta", "ibert"]) {
  names[type] = { ...names.bert, body: `${type}.`, layer: (i) => `${type}.encoder.layer.${i}.`, dense: "classifier.dense", classifier: "classifier.out_proj" };
}

/** A checkpoint's parts under one set of names. */
export function loadModel(checkpoint) {
  const config = JSON.parse(fs.readFileSync(path.join(checkpoint, "config.json"), "utf8"));
  const tensors = readSafetensors(path.join(checkpoint, "model.safetensors"));
  const name = names[config.model_type];
  const dense = (module) => ({ weight: tensors[`${module}.weight`].values, bias: tensors[`${module}.bias`].values });
  const embedding = (table) => tensors[`${name.body}embeddings.${table}.weight`]?.values;
  const pad = ["roberta", "ibert"].includes(config.model_type) ? config.pad_token_id : null;
  return {
    hidden: config.hidden_size ?? config.dim,
    heads: config.num_attention_heads ?? config.n_heads,
    // DistilBERT's config has no epsilon: it is fixed in its code.
    epsilon: config.layer_norm_eps ?? 1e-12,
    activation: config.hidden_act ?? config.activation,
    pad,
    words: embedding("word_embeddings"),
    positions: embedding("position_embeddings"),
    types: embedding("token_type_embeddings"),
    norm: dense(`${name.body}embeddings.LayerNorm`),
    layers: Array.from({ length: config.num_hidden_layers ?? config.n_layers }, (_, i) => Object.fromEntries(
      ["query", "key", "value", "output", "norm1", "up", "down", "norm2"].map((part) => [part, dense(name.layer(i) + name[part])]))),
    head: { dense: dense(name.dense), activation: name.denseAct, classifier: dense(name.classifier) },
  };
}

/** Rows of `inputs` values through a linear layer. */
export function linear(x, { weight, bias }) {
  const outputs = bias.length, inputs = weight.length / outputs, rows = x.length / inputs;
  const y = new Float64Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < outputs; o++) {
      let sum = bias[o];
      for (let i = 0; i < inputs; i++) sum += x[r * inputs + i] * weight[o * inputs + i];
      y[r * outputs + o] = sum;
    }
  }
  return y;
}

function layerNorm(x, { weight, bias }, epsilon) {
  const width = weight.length, y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += width) {
    let mean = 0, variance = 0;
    for (let i = 0; i < width; i++) mean += x[start + i] / width;
    for (let i = 0; i < width; i++) variance += (x[start + i] - mean) ** 2 / width;
    for (let i = 0; i < width; i++) y[start + i] = ((x[start + i] - mean) / Math.sqrt(variance + epsilon)) * weight[i] + bias[i];
  }
  return y;
}

function attention(x, layer, { hidden, heads }) {
  const width = hidden / heads, rows = x.length / hidden;
  const [q, k, v] = [layer.query, layer.key, layer.value].map((part) => linear(x, part));
  const context = new Float64Array(x.length);
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < rows; i++) {
      const scores = Array.from({ length: rows }, (_, j) => {
        let sum = 0;
        for (let c = head * width; c < (head + 1) * width; c++) sum += q[i * hidden + c] * k[j * hidden + c];
        return sum / Math.sqrt(width);
      });
      const largest = Math.max(...scores);
      const exponentials = scores.map((score) => Math.exp(score - largest));
      const total = exponentials.reduce((a, b) => a + b, 0);
      for (let j = 0; j < rows; j++) {
        for (let c = head * width; c < (head + 1) * width; c++) context[i * hidden + c] += (exponentials[j] / total) * v[j * hidden + c];
      }
    }
  }
  return linear(context, layer.output);
}

const add = (a, b) => a.map((value, i) => value + b[i]);

/** Positions count from 0; RoBERTa's from the padding id's row, which padding tokens themselves keep. */
export function positionsOf(ids, pad) {
  let count = 0;
  return ids.map((id, i) => (pad === null ? i : id === pad ? pad : pad + ++count));
}

/** The hidden states behind the last layer, a row for each token. */
export function encode(model, { ids, types }, activation = model.activation) {
  const { hidden, words, positions, epsilon } = model;
  const places = positionsOf(ids, model.pad);
  let x = new Float64Array(ids.length * hidden);
  for (let r = 0; r < ids.length; r++) {
    // RoBERTa's only type is 0, whatever the second text's is in other architectures.
    const type = model.types?.length === hidden ? 0 : types[r];
    for (let c = 0; c < hidden; c++) {
      x[r * hidden + c] = words[ids[r] * hidden + c] + positions[places[r] * hidden + c] + (model.types?.[type * hidden + c] ?? 0);
    }
  }
  x = layerNorm(x, model.norm, epsilon);
  for (const layer of model.layers) {
    x = layerNorm(add(x, attention(x, layer, model)), layer.norm1, epsilon);
    x = layerNorm(add(x, linear(linear(x, layer.up).map(activations[activation]), layer.down)), layer.norm2, epsilon);
  }
  return x;
}

/** Logits of one tokenized text. */
export function forward(model, text, activation) {
  const first = encode(model, text, activation).subarray(0, model.hidden);
  return linear(linear(first, model.head.dense).map(activations[model.head.activation]), model.head.classifier);
}

/** Logits of every row of a file. */
export async function logitsOf(checkpoint, texts, columns, activation) {
  const model = loadModel(checkpoint), encodeText = loadTokenizer(checkpoint);
  const result = [];
  for (const row of texts) result.push(forward(model, await encodeText(...columns.map((column) => row[column])), activation));
  return result;
}

/** Writes logits, a line for each text, as the given logits have it. */
export function writeLogits(file, logits) {
  fs.writeFileSync(file, logits.map((line) => Array.from(line, (value) => value.toFixed(5)).join("\t") + "\n").join(""));
}

/** The share of texts whose larger logit is their label's. */
export function accuracy(logits, labels) {
  const right = logits.filter((line, i) => line.indexOf(Math.max(...line)) === Number(labels[i])).length;
  return `${((100 * right) / logits.length).toFixed(2)} % (${right} of ${logits.length})`;
}

function pearson(a, b) {
  const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const covariance = (x, y) => mean(x.map((value, i) => (value - mean(x)) * (y[i] - mean(y))));
  return covariance(a, b) / Math.sqrt(covariance(a, a) * covariance(b, b));
}

if (process.argv[1] === import.meta.filename) {
  const [checkpoint, texts, columns, out, activation] = process.argv.slice(2);
  const rows = readTsv(texts);
  const logits = await logitsOf(checkpoint, rows, columns.split(","), activation);
  writeLogits(out, logits);
  const quality = logits[0].length === 2 ? `, accuracy ${accuracy(logits, rows.map((row) => row.label))}`
    : logits[0].length === 1 ? `, Pearson ${pearson(logits.map((line) => line[0]), rows.map((row) => Number(row.score))).toFixed(4)}` : "";
  console.log(`${out}: ${logits.length} texts${quality}`);
}
