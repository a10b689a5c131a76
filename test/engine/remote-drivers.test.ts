import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import { compared } from "../support/follow.ts";
import { noDifference } from "../support/ground-truth.ts";
import { followWhole, numbered } from "../support/numbered-log.ts";
import { readLog } from "../support/plain-reader.ts";
import { describeWithEngine } from "../support/real-engine.ts";
import type { RunOptions } from "../support/real-engine.ts";
import { longOnly, sizes, twoSizes } from "../support/size.ts";

type Remote = Pick<RunOptions, "driver" | "options">;

/** Takes what the driver sends, and drops it. */
async function syslog(): Promise<Remote> {
  const socket = createSocket("udp4");
  onTestFinished(() => void socket.close());
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  return { driver: "syslog", options: { "syslog-address": `udp://127.0.0.1:${port}` } };
}

async function fluentd(): Promise<Remote> {
  const server = createServer((socket) => void socket.resume().on("error", () => {}));
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("There is no port.");
  return { driver: "fluentd", options: { "fluentd-address": `127.0.0.1:${address.port}` } };
}

/**
 * The log of a driver that sends it elsewhere is read from a cache of the engine's own, whose files are full at 20 MB: in the
 * long form there are several.
 */
describeWithEngine("the cache of a driver that sends logs elsewhere", (engine) => {
  const LINES = sizes({ short: 20_000, long: 400_000 });

  async function expectExact(name: string, remote: Remote, burst: number): Promise<void> {
    const script = numbered(LINES, burst);
    const { id, following, rotations } = await followWhole(engine, { script, ...remote }, LINES);
    // At full speed the engine loses some lines on their way into the cache.
    const kept = await readLog(engine.ownSocketPath, id, { tty: false });
    const comparison = compared(name, kept, following, { rotations, written: LINES });
    expect(comparison).toMatchObject({ repeated: 0, foreign: 0, reordered: 0 });
    if (following.of("gap").length === 0) expect(comparison).toEqual(noDifference);
  }

  test("syslog, written steadily: exact, or each hole is a reported gap", twoSizes, async () => {
    await expectExact("syslog", await syslog(), 400);
  });

  test(
    "syslog, written at full speed: exact, or each hole is a reported gap",
    longOnly,
    async () => {
      await expectExact("syslog at full speed", await syslog(), LINES);
    },
  );

  test("fluentd, written steadily: exact, or each hole is a reported gap", longOnly, async () => {
    await expectExact("fluentd", await fluentd(), 400);
  });
});
