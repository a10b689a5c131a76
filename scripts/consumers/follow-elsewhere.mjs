// Follows a container of an engine in another process, by the socket given: rotations, a cut, a stop in the middle with checkpoints,
// a pool. Prints what came as JSON, and must then exit by itself.
import { ContainerLogSource, FileCheckpointStore, StreamPool } from "dockspool";

const [socketPath, folder] = process.argv.slice(2);
const engine = { socketPath };
const checkpoints = new FileCheckpointStore(folder);
const lines = [];
let rotations = 0;

/** Reads until there are so many lines, rotated now and then. */
async function follow(until) {
  const source = new ContainerLogSource("web", { engine, checkpoints });
  for await (const { line } of source) {
    lines.push(line);
    if (lines.length % 40 === 0) await source.rotate();
    if (lines.length < until) continue;
    source.acknowledge();
    break;
  }
  rotations += source.stats.rotations;
  await source.close();
}

await follow(100);
await follow(200);
const pool = new StreamPool({ engine, from: "start" });
const byPool = [];
for await (const { line } of pool) {
  byPool.push(line);
  if (byPool.length === 200) break;
}
await pool.close();
console.log(JSON.stringify({ lines, rotations, byPool: byPool.length }));
