// The floor of what reads a file with Node.js: its newlines counted, or each line parsed.
import { createReadStream } from "node:fs";
import { report } from "./args.mjs";

const [path, way] = process.argv.slice(2);
const NEWLINE = 0x0a;
let lines = 0;
let rest = "";
for await (const chunk of createReadStream(path)) {
  if (way === "parse") parse(chunk);
  else
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) lines++;
}
report({ lines });

function parse(chunk) {
  const texts = (rest + chunk.toString()).split("\n");
  rest = texts.pop();
  for (const text of texts) if (JSON.parse(text).log !== undefined) lines++;
}
