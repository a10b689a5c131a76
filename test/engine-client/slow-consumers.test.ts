import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import {
  eager,
  eventually,
  Follower,
  nothingOpen,
  toLines,
  turns,
} from "../support/fake-follow.ts";
import { RawPeer, listenings } from "../support/raw-peer.ts";
import { connecting, readRaw, ways } from "../support/raw-read.ts";
import { ReframingEngine } from "../support/reframing-engine.ts";
import { LAST_CHUNK, writeChunk } from "../wire/http-chunks.ts";

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const UNTIL_CLOSE = "HTTP/1.0 200 OK\r\n\r\n";
const line = (index: number): Buffer => Buffer.from(`${index} ${"x".repeat(index % 200)}\n`);
const body = Buffer.concat(Array.from({ length: 3_000 }, (_, index) => line(index)));

function chunks(): Buffer {
  const all = Array.from({ length: 3_000 }, (_, index) => writeChunk(line(index)));
  return Buffer.concat([...all, LAST_CHUNK]);
}

describe.each(listenings)("over %s", (listening) => {
  it.each(ways)(
    "a consumer that takes its time gets all of a body whose peer has gone, %s",
    async (way) => {
      for (const answer of [
        Buffer.concat([Buffer.from(CHUNKED), chunks()]),
        Buffer.concat([Buffer.from(UNTIL_CLOSE), body]),
      ]) {
        await using peer = await RawPeer.start((socket) => void socket.end(answer), listening);
        let atOnce = 0;
        let most = 0;
        const read = await readRaw(connecting(peer.engine, way), {
          take: async () => {
            most = Math.max(most, ++atOnce);
            await turns(5);
            atOnce--;
          },
        });
        expect(read.end).toBe("complete");
        expect(read.body.equals(body)).toBe(true);
        expect(most).toBe(1);
      }
    },
  );

  it("a consumer that does not read holds the peer up, and nothing more is read", async () => {
    let written = 0;
    const firehose = (socket: Socket): void => {
      socket.write(CHUNKED);
      const piece = writeChunk(Buffer.alloc(30_000, "x"));
      const pour = (): void => {
        let goesOn = socket.writable;
        while (goesOn) {
          goesOn = socket.write(piece);
          written += piece.length;
        }
      };
      socket.on("drain", pour);
      pour();
    };
    await using peer = await RawPeer.start(firehose, listening);
    let goOn = (): void => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const controller = new AbortController();
    let taken = 0;
    const reading = readRaw(peer.engine, {
      signal: controller.signal,
      take: () => {
        taken++;
        return held;
      },
    });
    // Nothing more is on its way when the peer could write no more for a while.
    let before = -1;
    await eventually(() => taken > 0, "the first bytes");
    while (before !== written) {
      before = written;
      await turns(200);
    }
    expect(taken).toBe(1);
    // What the sockets of both sides hold, and no more.
    expect(written).toBeLessThan(16 * 1024 * 1024);
    goOn();
    await eventually(() => written > before, "reading goes on");
    controller.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
  });
});

it("a source whose consumer is slow loses nothing where body and end come in one packet", async () => {
  await using fake = await FakeEngine.start();
  const framing = "head, body and end in one packet, where the body has an end";
  await using peer = await ReframingEngine.start(fake, framing);
  const web = fake.create({ name: "web" });
  for (let index = 0; index < 1_000; index++) web.write(`line ${index}`);
  web.stop();
  const options = { engine: peer.engine, follow: false, bufferBytes: 1, ...eager };
  const follower = new Follower(new ContainerLogSource("web", options), (_, index) =>
    index % 100 === 0 ? turns(3) : undefined,
  );
  await follower.finished();
  expect(follower.lines).toEqual(toLines(web.written));
  await nothingOpen(fake);
});
