import { expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eager, eventually, Follower, toLines } from "../support/fake-follow.ts";
import { askFake, startLogPeer } from "../support/log-peer.ts";

/** What a proxy with a fault does to a body of whole chunks. */
const faults: readonly (readonly [string, (body: Buffer) => Buffer])[] = [
  ["is cut within a chunk", (body) => body.subarray(0, Math.floor(body.length / 2))],
  [
    "has broken framing in its middle",
    (body) => Buffer.concat([body.subarray(0, 700), Buffer.from("zz\r\n"), body]),
  ],
  ["lacks its last chunk", (body) => body.subarray(0, -5)],
];

it.each(faults)("a log of which every second answer %s is read exactly", async (_, spoil) => {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  for (let line = 0; line < 200; line++) web.write(`line ${line}`);
  let logs = 0;
  await using peer = await startLogPeer(fake, (socket, path) => {
    const upstream = askFake(fake, path, socket);
    if (++logs % 2 === 0) {
      upstream.pipe(socket);
      return;
    }
    const pieces: Buffer[] = [];
    upstream.on("data", (bytes: Buffer) => {
      pieces.push(bytes);
      const answer = Buffer.concat(pieces);
      const head = answer.indexOf("\r\n\r\n") + 4;
      // A follow has no end of its own: what it has of the log is enough.
      if (answer.length - head < 5_000 || upstream.destroyed) return;
      upstream.destroy();
      socket.end(Buffer.concat([answer.subarray(0, head), spoil(answer.subarray(head))]));
    });
    upstream.once("end", () => socket.end());
  });
  const follower = new Follower(new ContainerLogSource("web", { engine: peer.engine, ...eager }));
  await follower.has(200);
  expect(follower.lines).toEqual(toLines(web.written));
  expect(follower.seen("reconnecting").length).toBeGreaterThan(0);
  await follower.source.close();
  await eventually(() => peer.connections === 0, "no connection");
});
