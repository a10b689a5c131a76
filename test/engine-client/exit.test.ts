import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { expect, it } from "vitest";
import { FakeEngine } from "../../src/testing.ts";
import { eventually } from "../support/fake-follow.ts";
import { askFake, startLogPeer } from "../support/log-peer.ts";
import { programPath } from "../support/program-path.ts";

const HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

interface Case {
  readonly when: string;
  readonly how: "at once" | "slowly";
  /** What it gets of its log; undefined: all, line by line. */
  readonly begins?: string;
}

const cases: readonly Case[] = [
  { when: "before the head of its log comes", how: "at once", begins: "" },
  { when: "within a chunk", how: "at once", begins: `${HEAD}40\r\n\u0001\0\0` },
  { when: "while lines come", how: "at once" },
  { when: "while its consumer holds it up", how: "slowly" },
];

it.each(cases)(
  "a process that closes its source $when exits by itself",
  async ({ how, begins }) => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    for (let line = 0; line < 2_000; line++) web.write(`line ${line}`);
    let isUnderWay = (): void => {};
    const underWay = new Promise<void>((resolve) => {
      isUnderWay = resolve;
    });
    await using peer = await startLogPeer(fake, (socket: Socket, path) => {
      if (begins === undefined) askFake(fake, path, socket).pipe(socket);
      else if (begins === "") isUnderWay();
      else socket.write(begins, isUnderWay);
    });
    const { socketPath = "" } = peer.engine;
    const child = spawn(process.execPath, [
      programPath("test/engine-client/fixtures/closes-when-told.ts"),
      socketPath,
      how,
    ]);
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => {
      said += bytes.toString();
      if (said.includes("reading")) isUnderWay();
    });
    const exited = once(child, "exit");
    try {
      await Promise.race([underWay, exited]);
      child.kill("SIGUSR2");
      expect(await exited).toEqual([0, null]);
      expect(said.endsWith("over\n")).toBe(true);
      await eventually(() => peer.connections === 0, "no connection at the peer");
    } finally {
      child.kill("SIGKILL");
    }
  },
);
