import { ContainerLogSource, MemoryCheckpointStore, StreamPool } from "../../src/index.ts";

/** Run as a process of its own: reads a line with a store that can't be written, and has nothing else to do. */
const [socketPath = "", what = ""] = process.argv.slice(2);

class Full extends MemoryCheckpointStore {
  override async save(): Promise<void> {
    throw new Error("no space");
  }
}

async function main(): Promise<void> {
  const options = { engine: { socketPath }, checkpoints: new Full(), from: "start" } as const;
  const records =
    what === "pool" ? new StreamPool(options) : new ContainerLogSource("web", options);
  for await (const { line } of records) {
    process.stdout.write(`${line}\n`);
    records.acknowledge();
    break;
  }
  process.stdout.write("over\n");
}

void main();
