// As testcontainers for Node.js has it in its `logs()` and its wait for a log line: dockerode, both streams into one
// PassThrough of text, and byline.
import { PassThrough } from "node:stream";
import byline from "byline";
import Docker from "dockerode";
import { container, report, socketPath } from "./args.mjs";

const docker = new Docker({ socketPath });
const options = { follow: true, stdout: true, stderr: true, timestamps: true };
const log = await docker.getContainer(container).logs(options);

const text = new PassThrough({ autoDestroy: true, encoding: "utf-8" });
docker.modem.demuxStream(log, text, text);
log.on("end", () => text.end());

let lines = 0;
byline(text)
  .on("data", () => lines++)
  .on("end", () => report({ lines }));
