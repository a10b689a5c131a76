// The time from the engine's timestamp of a line to its arrival, of each line of a container, while another one
// may be read by the same process.
import { get } from "node:http";
import { ContainerLogSource } from "dockspool";
import { options, report } from "./args.mjs";

const { socketPath, container, noise, way, lines, read = "engine" } = options;
const HEADER_BYTES = 8;
const STAMP_BYTES = "2026-11-23T15:58:34.885847851Z".length;

const ms = [];
if (way === "plain") await readPlainly();
else await readByDockspool();
report({ ms });

async function readByDockspool() {
  const source = new ContainerLogSource(container, { engine: { socketPath }, read });
  const noisy = noise && new ContainerLogSource(noise, { engine: { socketPath }, from: "now" });
  const drained = noisy && drain(noisy);
  for await (const { timestamp } of source) {
    ms.push(now() - epochMs(timestamp));
    if (ms.length === lines) break;
  }
  await noisy?.close();
  await drained;
}

async function drain(source) {
  let bytes = 0;
  for await (const { line } of source) bytes += line.length;
  return bytes;
}

async function readPlainly() {
  const noisy = noise && follow(noise, () => {}, 0);
  let rest = Buffer.alloc(0);
  await new Promise((resolve) => {
    const request = follow(container, (chunk) => {
      const at = now();
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= HEADER_BYTES && rest.length >= frameEnd(rest)) {
        ms.push(at - epochMs(rest.toString("latin1", HEADER_BYTES, HEADER_BYTES + STAMP_BYTES)));
        rest = rest.subarray(frameEnd(rest));
      }
      if (ms.length < lines) return;
      request.destroy();
      resolve();
    });
  });
  if (noisy) noisy.destroy();
}

function frameEnd(bytes) {
  return HEADER_BYTES + bytes.readUInt32BE(4);
}

function follow(id, onData, tail = "all") {
  const query = `follow=1&stdout=1&stderr=1&timestamps=1&tail=${tail}`;
  const request = get({ socketPath, path: `/containers/${id}/logs?${query}`, agent: false });
  request.on("error", () => {});
  request.on("response", (response) => response.on("data", onData).on("error", () => {}));
  return request;
}

function now() {
  return performance.timeOrigin + performance.now();
}

function epochMs(timestamp) {
  return Date.parse(`${timestamp.slice(0, 19)}Z`) + Number(`0${timestamp.slice(19, -1)}`) * 1000;
}
