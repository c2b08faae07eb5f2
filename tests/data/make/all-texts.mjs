// The texts whose pieces the vocabularies keep.
import fs from "node:fs";
import path from "node:path";
import { readTsv } from "./tsv.mjs";

const folder = path.join(import.meta.dirname, "..", "texts");

/** Reviews, pairs and phrases, one text each. */
export function allTexts() {
  return [
    ...["reviews.dev.tsv", "reviews.train.tsv"].flatMap((name) => readTsv(path.join(folder, name)).map((row) => row.sentence)),
    ...["pairs.train.tsv", "pairs.dev.tsv"].flatMap((name) => readTsv(path.join(folder, name)).flatMap((row) => [row.sentence1, row.sentence2])),
    ...fs.readFileSync(path.join(folder, "phrases.txt"), "utf8").trimEnd().split("\n"),
  ];
}
