// Reads so many lines of containers that run, by a pool.
import { StreamPool } from "dockspool";
import { options, report } from "./args.mjs";

const { socketPath, names, lines } = options;
const pool = new StreamPool({ engine: { socketPath }, from: "start", select: { names } });
let counted = 0;
for await (const batch of pool.batches()) {
  counted += batch.length;
  if (counted >= lines) break;
}
await pool.close();
report({ counted });
