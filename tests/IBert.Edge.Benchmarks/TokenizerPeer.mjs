// A tokenizer of npm as a peer of Tokenizers.cs: node TokenizerPeer.mjs LIBRARY PACKAGES CHECKPOINT TEXTS.tsv LINES
// Says "ready NAME VERSION"; then, for every line on its input, tokenizes all texts once and says "MICROSECONDS TOKENS CHECKSUM".
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { createRequire } from "node:module";

const [library, packages, checkpoint, file, lines] = process.argv.slice(2);
const directory = path.resolve(packages, "node_modules", library);
const { version } = JSON.parse(fs.readFileSync(path.join(directory, "package.json"), "utf8"));
const { Tokenizer } = createRequire(path.join(path.resolve(packages), "_.js"))(library);

// The texts are told whole, so that all tokenizers do the same work.
const definition = JSON.parse(fs.readFileSync(path.join(checkpoint, "tokenizer.json"), "utf8"));
definition.truncation = definition.padding = null;
const config = JSON.parse(fs.readFileSync(path.join(checkpoint, "tokenizer_config.json"), "utf8"));
const texts = fs.readFileSync(file, "utf8").split("\n").slice(1, 1 + Number(lines)).map((line) => line.split("\t")[0]);

let encodeAll;
if (library === "tokenizers") {
  const tokenizer = Tokenizer.fromString(JSON.stringify(definition));
  encodeAll = async () => (await tokenizer.encodeBatch(texts)).map((encoding) => encoding.getIds());
} else {
  const tokenizer = new Tokenizer(definition, config);
  encodeAll = async () => texts.map((text) => tokenizer.encode(text).ids);
}

console.log(`ready ${library} ${version}`);
for await (const _ of readline.createInterface({ input: process.stdin })) {
  const before = process.cpuUsage();
  const all = await encodeAll();
  const used = process.cpuUsage(before);
  let tokens = 0, checksum = 0;
  for (const ids of all) {
    tokens += ids.length;
    for (const id of ids) checksum = (Math.imul(checksum, 31) + Number(id)) | 0;
  }
  console.log(`${used.user + used.system} ${tokens} ${checksum}`);
}
