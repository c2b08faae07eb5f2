// Cuts a given checkpoint's vocabulary down to the pieces that the texts beside it use; what it computes for them stays as it is.
//   node make/cut.mjs SOURCE TARGET
import assert from "node:assert";
import path from "node:path";
import { allTexts } from "./all-texts.mjs";
import { forward, loadModel } from "./forward.mjs";
import { readSafetensors, writeSafetensors } from "./safetensors.mjs";
import { loadTokenizer } from "./tokenizer.mjs";
import { readTsv } from "./tsv.mjs";
import { cutRows, cutVocabulary } from "./vocabulary.mjs";

const [source, target] = process.argv.slice(2);
const sentences = allTexts();
// Of other scripts a few characters stay, so that not all of them are unknown.
const ids = await cutVocabulary(source, target, sentences, [..."ßæøα日月山人大水中国東京の"]);
const tensors = readSafetensors(path.join(source, "model.safetensors"));
const words = Object.keys(tensors).find((name) => name.endsWith("word_embeddings.weight"));
tensors[words] = cutRows(tensors[words], ids);
writeSafetensors(path.join(target, "model.safetensors"), tensors);

// The same pieces, under other numbers, and so exactly the same logits.
const judged = readTsv(path.join(import.meta.dirname, "..", "texts", "reviews.dev.tsv")).map((row) => row.sentence);
const whole = loadModel(source), cut = loadModel(target), encodeWhole = loadTokenizer(source), encodeCut = loadTokenizer(target);
for (const sentence of sentences) {
  const before = await encodeWhole(sentence), after = await encodeCut(sentence);
  assert.deepStrictEqual(after.ids.map((id) => ids[id]), before.ids, sentence);
  if (judged.includes(sentence)) assert.deepStrictEqual(forward(cut, after), forward(whole, before), sentence);
}
console.log(`${target}: ${ids.length} pieces; ids of ${sentences.length} texts and logits of ${judged.length} are the same`);
