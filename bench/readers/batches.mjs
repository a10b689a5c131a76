import { ContainerLogSource } from "dockspool";
import { container, report, socketPath } from "./args.mjs";

const read = process.argv[4] ?? "engine";
const source = new ContainerLogSource(container, { engine: { socketPath }, follow: false, read });
let lines = 0;
for await (const batch of source.batches()) {
  for (const record of batch) if (record.line !== undefined) lines++;
}
report({ lines });
