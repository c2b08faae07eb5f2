// Ids of texts by npm's `tokenizers`, Hugging Face's own library; make.sh installs it and says where ($NPM_TOKENIZERS).
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const packages = process.env.NPM_TOKENIZERS ?? path.join(import.meta.dirname, "..", "..", "..", "artifacts", "npm-tokenizers");
const { Tokenizer } = createRequire(path.join(path.resolve(packages), "_.js"))("tokenizers");

/** An encoder of texts and pairs into {ids, types, tokens}, cut at so many tokens; by default at what the checkpoint has positions for. */
export function loadTokenizer(checkpoint, maxLength = positionsOf(checkpoint)) {
  const definition = JSON.parse(fs.readFileSync(path.join(checkpoint, "tokenizer.json"), "utf8"));
  definition.padding = null;
  definition.truncation = { direction: "Right", max_length: maxLength, strategy: "LongestFirst", stride: 0 };
  const tokenizer = Tokenizer.fromString(JSON.stringify(definition));
  return async (text, pair) => {
    const encoding = await tokenizer.encode(text, pair ?? null);
    return { ids: encoding.getIds(), types: encoding.getTypeIds(), tokens: encoding.getTokens() };
  };
}

function positionsOf(checkpoint) {
  const config = JSON.parse(fs.readFileSync(path.join(checkpoint, "config.json"), "utf8"));
  return config.max_position_embeddings - (["roberta", "ibert"].includes(config.model_type) ? config.pad_token_id + 1 : 0);
}
