// Takes one batch of a log, then nothing for a while, then all the rest. Memory is looked at each second.
import { setTimeout as pause } from "node:timers/promises";
import { ContainerLogSource, StreamPool } from "dockspool";
import { options, report } from "./args.mjs";

const { socketPath, names, lines, seconds } = options;
const engine = { socketPath };
const reader =
  names.length === 1
    ? new ContainerLogSource(names[0], { engine })
    : new StreamPool({ engine, from: "start", select: { names } });

const rss = [];
let buffered = 0;
let counted = 0;
for await (const batch of reader.batches()) {
  if (counted === 0) await stall();
  counted += batch.length;
  if (counted >= lines) break;
}
await reader.close();
report({ rss, buffered, counted });

async function stall() {
  for (let second = 0; second <= seconds; second++) {
    rss.push(process.memoryUsage.rss());
    buffered = Math.max(buffered, reader.stats.bufferedBytes);
    await pause(1_000);
  }
}
