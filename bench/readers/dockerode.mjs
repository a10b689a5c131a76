// As many tools do it: dockerode, its demuxStream, and a splitter of lines for each stream.
import { PassThrough } from "node:stream";
import Docker from "dockerode";
import split2 from "split2";
import { container, report, socketPath } from "./args.mjs";

const docker = new Docker({ socketPath });
// Without `follow` dockerode gathers the whole log in memory. The follow of a stopped container ends with its log.
const options = { follow: true, stdout: true, stderr: true, timestamps: true };
const log = await docker.getContainer(container).logs(options);

let lines = 0;
let open = 2;
const outputs = [new PassThrough(), new PassThrough()];
for (const output of outputs) {
  const split = output.pipe(split2());
  split.on("data", () => lines++);
  split.on("end", () => {
    if (--open === 0) report({ lines });
  });
}
docker.modem.demuxStream(log, outputs[0], outputs[1]);
log.on("end", () => {
  for (const output of outputs) output.end();
});
