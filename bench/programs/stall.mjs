// Takes one batch of logs that are written at full speed, then nothing for a while, then reads on. Memory is looked at
// each second. Lines are numbered; that none is missing is looked at, too. Needs --expose-gc.
import { setTimeout as pause } from "node:timers/promises";
import { ContainerLogSource, StreamPool } from "dockspool";
import { options, report } from "./args.mjs";

const { socketPath, names, digits, bufferBytes, seconds, linesBehind } = options;
const engine = { socketPath };

globalThis.gc();
const rssBefore = process.memoryUsage.rss();
const reader =
  names.length === 1
    ? new ContainerLogSource(names[0], { engine, bufferBytes })
    : new StreamPool({ engine, from: "start", select: { names }, bufferBytes });

const rss = [];
const next = new Map();
const buffered = [];
let counted = 0;
let wanted = Infinity;
for await (const batch of reader.batches()) {
  if (counted === 0) await stall();
  for (const record of batch) check(record);
  counted += batch.length;
  if (counted >= wanted) break;
}
await reader.close();
report({ rssBefore, rss, buffered, counted });

async function stall() {
  for (let second = 0; second <= seconds; second++) {
    rss.push(process.memoryUsage.rss());
    buffered.push(reader.stats.bufferedBytes);
    await pause(1_000);
  }
  wanted = reader.stats.lines + linesBehind;
}

function check({ container, line }) {
  if (digits === 0) return;
  const number = Number(line.slice(0, digits));
  const expected = next.get(container) ?? 0;
  if (number !== expected) throw new Error(`${container.name}: ${line}, not number ${expected}.`);
  next.set(container, (expected + 1) % 10 ** digits);
}
