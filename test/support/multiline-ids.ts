import { ContainerLogSource } from "../../src/index.ts";

/** Another process that reads a log: prints each record as JSON. Arguments: the engine's socket, and the options. */
const [socketPath = "", options = "{}"] = process.argv.slice(2);

const source = new ContainerLogSource("web", {
  engine: { socketPath },
  follow: false,
  ...(JSON.parse(options) as object),
});
for await (const record of source) console.log(JSON.stringify(record));
