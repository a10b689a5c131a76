// Is told to end while positions are saved, many times over. Its listener handles each, so it goes on to its own end.
import { once } from "node:events";
import { FileCheckpointStore } from "../../src/index.ts";

const [path = ""] = process.argv.slice(2);
const store = new FileCheckpointStore(path);
const end = new AbortController();

async function save(): Promise<void> {
  while (!end.signal.aborted) await store.save(new Map([["engine/container", { version: 1 }]]));
}

const saving = save();
for (let count = 0; count < 200; count++) {
  const told = once(process, "SIGTERM");
  process.kill(process.pid, "SIGTERM");
  await told;
  await new Promise((resolve) => setImmediate(resolve));
}
end.abort();
await saving;
console.log("ended by itself");
