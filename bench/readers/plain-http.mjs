// The floor of the usual way: Node's own client, and every byte thrown away.
import { get } from "node:http";
import { logPath, report, socketPath } from "./args.mjs";

let bytes = 0;
get({ socketPath, path: logPath }, (response) => {
  response.on("data", (chunk) => {
    bytes += chunk.length;
  });
  response.on("end", () => report({ bytes }));
});
