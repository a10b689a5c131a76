import { ContainerLogSource } from "dockspool";
import { container, report, socketPath } from "./args.mjs";

const source = new ContainerLogSource(container, { engine: { socketPath }, follow: false });
let lines = 0;
const delivery = source.deliver((records) => {
  lines += records.length;
});
await delivery.done;
report({ lines });
