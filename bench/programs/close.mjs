// The time that closing a pool takes.
import { setTimeout as pause } from "node:timers/promises";
import { StreamPool } from "dockspool";
import { options, report } from "./args.mjs";

const { engine, streams } = options;
const opening = performance.now();
const pool = new StreamPool({ engine, maxStreams: streams });
const reading = (async () => {
  for await (const record of pool) throw new Error(`${record.container.name} is not quiet.`);
})();
while (pool.stats.streamsOpen < streams) await Promise.race([pause(25), reading]);
const openMs = performance.now() - opening;
const closing = performance.now();
await pool.close();
report({ openMs, closeMs: performance.now() - closing });
await reading;
