// Validates ibert.mjs by the golden integers that torch computed of the given I-BERT checkpoint. node make/validate-ibert.mjs SHARED
// Each operation is fed the golden outputs of those before it, and then all run end to end; the bars are those that the project has for its own import.
import fs from "node:fs";
import path from "node:path";
import { IBert, integersOf } from "./ibert.mjs";
import { readSafetensors } from "./safetensors.mjs";

const shared = process.argv[2], checkpoint = path.join(shared, "checkpoints", "ibert-l3-sst2"), golden = path.join(shared, "golden", "ibert");

// LayerNorm's, GELU's and softmax.act's integers are beyond what float32 holds exactly: what follows them counts.
const kinds = [
  [/softmax\.act$/, "16-bit exponentials", null],
  [/(LayerNorm|intermediate_act_fn)$/, "LayerNorm, GELU", null],
  [/softmax$/, "probabilities", 0.999],
  // A stale scale makes the inputs no integers: the order of the sum shows.
  [/layer\.[1-9]\d*\.attention\.self\.(query|key|value)$/, "linear, stale scale", 0.998],
  [/(query|key|value|dense)$/, "linear", 1],
  [/ln_input_act$/, "22 bits", 0.9999],
  [/embeddings_act1(#2)?$/, "16 bits", 0.9999],
  [/activation$|_act$/, "8 bits", 0.9999],
];
const counts = new Map(kinds.map(([, kind]) => [kind, { elements: 0, different: 0, largest: 0 }]));
let tensors = null, failed = false;
const compared = new Set();

const fed = new IBert(checkpoint, {
  report(name, values, scale) {
    compared.add(name);
    const expected = tensors[`${name}.int`].values, [, kind, bar] = kinds.find(([pattern]) => pattern.test(name)), count = counts.get(kind);
    integersOf(values, scale).forEach((integer, i) => {
      count.elements++;
      if (integer === expected[i]) return;
      count.different++;
      count.largest = Math.max(count.largest, Math.abs(integer - expected[i]));
    });
    scale.forEach((value, i) => {
      if (value !== tensors[`${name}.scale`].values[i]) throw new Error(`${name}: scale ${i} is ${value}, of torch ${tensors[`${name}.scale`].values[i]}`);
    });
    return bar === null ? undefined : Float32Array.from(expected, (integer, i) => integer * scale[scale.length === 1 ? 0 : i % scale.length]);
  },
});
const dumps = fs.readdirSync(golden).filter((name) => name.endsWith(".safetensors")).sort();
for (const dump of dumps) {
  tensors = readSafetensors(path.join(golden, dump));
  fed.forward([...tensors.input_ids.values]);
  for (const name of Object.keys(tensors)) {
    if (name.endsWith(".int") && !compared.has(name.slice(0, -4))) throw new Error(`${dump}: ${name} was not compared`);
  }
}
console.log(`${dumps.length} dumps, each operation with golden inputs; every scale is equal`);
for (const [kind, { elements, different, largest }] of counts) {
  const bar = kinds.find(([, name]) => name === kind)[2], share = 1 - different / elements;
  const holds = bar === null || (share >= bar && largest <= 1);
  failed ||= !holds;
  console.log(`  ${kind}: ${different} of ${elements} differ (${(100 * share).toFixed(4)} % equal), largest difference ${largest}${holds ? "" : ": FAILS"}`);
}

const free = new IBert(checkpoint);
const sentences = fs.readFileSync(path.join(golden, "sentences.jsonl"), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
let largest = 0, total = 0, labels = 0, wrong = 0;
for (const { ids, logits } of sentences) {
  const own = free.forward(ids);
  own.forEach((value, i) => {
    total += Math.abs(value - logits[i]) / own.length;
    largest = Math.max(largest, Math.abs(value - logits[i]));
  });
  const same = own[1] > own[0] === logits[1] > logits[0];
  labels += same ? 1 : 0;
  if (!same && Math.abs(logits[1] - logits[0]) >= 0.1) wrong++;
}
failed ||= wrong > 0;
console.log(`end to end: ${labels} of ${sentences.length} labels equal, ${wrong} wrong with a margin of 0.1 or more; ` +
  `logits differ by ${(total / sentences.length).toFixed(4)} on average, at most ${largest.toFixed(4)}`);
process.exitCode = failed ? 1 : 0;
