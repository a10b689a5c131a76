import { ContainerLogSource } from "dockspool";
import { container, report, socketPath } from "./args.mjs";

const source = new ContainerLogSource(container, { engine: { socketPath }, follow: false });
let lines = 0;
for await (const record of source) if (record.id.length === 22) lines++;
report({ lines });
