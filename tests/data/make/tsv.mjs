// Tab-separated files with a header line.
import fs from "node:fs";

/** The rows of a file as objects by column. */
export function readTsv(path) {
  const [header, ...lines] = fs.readFileSync(path, "utf8").trimEnd().split("\n");
  const columns = header.split("\t");
  return lines.map((line) => Object.fromEntries(line.split("\t").map((field, i) => [columns[i], field])));
}

/** Writes rows (arrays) below a header line. */
export function writeTsv(path, columns, rows) {
  fs.writeFileSync(path, [columns, ...rows].map((row) => row.join("\t") + "\n").join(""));
}
