// Checkpoints with random weights for heads and shapes that the learned ones lack; they are no test of accuracy. node make/random-checkpoints.mjs SOURCE TARGETS
// SOURCE is a BERT whose tokenizer they share, cut to the pieces of phrases.txt.
import fs from "node:fs";
import path from "node:path";
import { random } from "./random.mjs";
import { writeSafetensors } from "./safetensors.mjs";
import { cutVocabulary } from "./vocabulary.mjs";

const [source, targets] = process.argv.slice(2);
const phrases = fs.readFileSync(path.join(import.meta.dirname, "..", "texts", "phrases.txt"), "utf8").trimEnd().split("\n");
const positions = 64;

for (const { name, seed, hidden, heads, feedForward, labels, problem } of [
  // No size is a multiple of 16.
  { name: "bert-labels", seed: 3, hidden: 40, heads: 2, feedForward: 50, labels: ["red", "green", "blue", "yellow", "black", "white"] },
  { name: "bert-multilabel", seed: 4, hidden: 32, heads: 2, feedForward: 64, labels: ["warm", "dark", "loud"], problem: "multi_label_classification" },
]) {
  const target = path.join(targets, name);
  const ids = await cutVocabulary(source, target, phrases, [], {
    hidden_size: hidden, num_attention_heads: heads, intermediate_size: feedForward, max_position_embeddings: positions, torch_dtype: "float32",
    id2label: Object.fromEntries(labels.entries()), label2id: Object.fromEntries(labels.map((label, i) => [label, i])), ...(problem ? { problem_type: problem } : {}),
  });
  const next = random(seed), tensors = {};
  const add = (tensor, center, range, ...shape) => {
    const count = shape.reduce((a, b) => a * b);
    tensors[tensor] = { dtype: "F32", shape, values: Float32Array.from({ length: count }, () => center + range * (2 * next() - 1)) };
  };
  const norm = (module) => {
    add(`${module}.LayerNorm.weight`, 1, 0.5, hidden);
    add(`${module}.LayerNorm.bias`, 0, 0.5, hidden);
  };
  // Uniform weights of this range keep the variance of what goes through.
  const dense = (module, outputs, inputs) => {
    add(`${module}.weight`, 0, Math.sqrt(3 / inputs), outputs, inputs);
    add(`${module}.bias`, 0, 0.2, outputs);
  };
  add("bert.embeddings.word_embeddings.weight", 0, 1, ids.length, hidden);
  add("bert.embeddings.position_embeddings.weight", 0, 0.5, positions, hidden);
  add("bert.embeddings.token_type_embeddings.weight", 0, 0.5, 2, hidden);
  norm("bert.embeddings");
  for (let i = 0; i < 2; i++) {
    const layer = `bert.encoder.layer.${i}`;
    for (const part of ["query", "key", "value"]) dense(`${layer}.attention.self.${part}`, hidden, hidden);
    dense(`${layer}.attention.output.dense`, hidden, hidden);
    norm(`${layer}.attention.output`);
    dense(`${layer}.intermediate.dense`, feedForward, hidden);
    dense(`${layer}.output.dense`, hidden, feedForward);
    norm(`${layer}.output`);
  }
  dense("bert.pooler.dense", hidden, hidden);
  dense("classifier", labels.length, hidden);
  writeSafetensors(path.join(target, "model.safetensors"), tensors);
  console.log(`${target}: ${ids.length} pieces, ${labels.length} labels, seed ${seed}`);
}
