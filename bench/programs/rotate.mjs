// Reopens the stream of a quiet log again and again: `rotate()`, or a plain client with the last line's timestamp.
import { once } from "node:events";
import { get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { ContainerLogSource } from "dockspool";
import { options, report } from "./args.mjs";
import { bytesRead, cpuSecondsOf } from "./cpu.mjs";

const { socketPath, container, enginePid, way, times, read = "engine" } = options;

// Both begin at the same line, the log's last one.
const source = new ContainerLogSource(container, {
  engine: { socketPath },
  from: { tail: 1 },
  stallProbeMs: false,
  read,
});
const iterator = source[Symbol.asyncIterator]();
const { value: last } = await iterator.next();
const next = iterator.next();
if (way === "since") await source.close();

const ms = [];
const kilobytesRead = [];
/** A rotation right behind another one waits for what the stream brings; in life they are minutes apart. */
const APART_MS = 100;
const cpuBefore = cpuSecondsOf(enginePid);
for (let index = 0; index < times; index++) {
  await pause(APART_MS);
  const readBefore = bytesRead();
  const begun = performance.now();
  await (way === "since" ? reopenSince(last.timestamp) : source.rotate());
  ms.push(performance.now() - begun);
  kilobytesRead.push((bytesRead() - readBefore) / 1_000);
}
// The engine tidies up behind a stream that was closed; that is part of the price.
await pause(200);
const cpuSeconds = cpuSecondsOf(enginePid) - cpuBefore;

// That the rotated stream is one: nothing came twice, and it still waits.
const extra = way === "since" ? undefined : await Promise.race([next, pause(50)]);
if (extra !== undefined) throw new Error(`A line came after ${times} rotations of a quiet log.`);
await source.close();
await next;
report({ ms, kilobytesRead, cpuSeconds });

/** To the first byte, which is that of the last line itself: `since` is inclusive. */
async function reopenSince(timestamp) {
  const since = `${Math.floor(Date.parse(timestamp) / 1000)}.${timestamp.slice(20, 29)}`;
  const path = `/containers/${container}/logs?follow=1&stdout=1&stderr=1&timestamps=1&since=${since}`;
  const request = get({ socketPath, path, agent: false });
  const [response] = await once(request, "response");
  await once(response, "data");
  request.on("error", () => {});
  request.destroy();
}
