import { getEventListeners } from "node:events";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Coalescer } from "../../src/engine/coalescer.ts";
import { EngineClient } from "../../src/engine/engine-client.ts";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eager, eventually, Follower, nothingOpen, turns } from "../support/fake-follow.ts";
import { askFake, startLogPeer } from "../support/log-peer.ts";
import { expectNoneLeft, ownResources } from "../support/own-resources.ts";
import { RawPeer, listenings } from "../support/raw-peer.ts";
import type { Answer } from "../support/raw-peer.ts";
import { connecting, readRaw, ways } from "../support/raw-read.ts";
import { writeChunk } from "../wire/http-chunks.ts";

const HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const LINE = writeChunk(Buffer.from("a line\n"));

afterEach(() => {
  vi.restoreAllMocks();
});

/** Writes lines, one by one, for as long as there is somebody to read them. */
function writeLines(socket: Socket): void {
  socket.write(HEAD);
  const write = (): void => {
    if (!socket.writable) return;
    if (socket.write(LINE)) setImmediate(write);
    else socket.once("drain", write);
  };
  write();
}

type Taken = (giveUp: () => void) => void | Promise<void>;

interface Stage {
  readonly answer: Answer;
  /** When the client has the answer's head. */
  readonly opened?: Taken;
  /** When the client has bytes of the body. */
  readonly take?: Taken;
  /** Given up when the peer has answered, as far as it does. */
  readonly atOnce?: boolean;
}

const never = new Promise<void>(() => {});

const stages: Readonly<Record<string, Stage>> = {
  "before the head": { answer: () => {}, atOnce: true },
  "within the head": { answer: (socket) => socket.write(HEAD.slice(0, 20)), atOnce: true },
  "before the reader is ready": {
    answer: (socket) => socket.write(`${HEAD}6\r\nhello `),
    opened: async (giveUp) => {
      giveUp();
      await turns(2);
    },
  },
  "before the first byte of the body": {
    answer: (socket) => socket.write(HEAD),
    opened: (giveUp) => void setImmediate(giveUp),
  },
  "within a chunk": {
    answer: (socket) => socket.write(`${HEAD}6\r\nhel`),
    take: (giveUp) => giveUp(),
  },
  "within a chunk's size": {
    answer: (socket) => socket.write(`${HEAD}6\r\nhello \r\n1`),
    take: (giveUp) => void setImmediate(giveUp),
  },
  "while lines come": { answer: writeLines, take: (giveUp) => void setImmediate(giveUp) },
  "while a slow consumer holds it up": {
    answer: writeLines,
    take: async (giveUp) => {
      await turns(10);
      giveUp();
    },
  },
};

describe.each(listenings)("over %s", (listening) => {
  describe.each(ways)("a read %s", (way) => {
    it.each(Object.entries(stages))(
      "that is given up %s leaves no connection, no timer and no listener",
      async (_, { answer, opened, take, atOnce = false }) => {
        const before = ownResources();
        const controller = new AbortController();
        const reason = new Error("given up");
        const giveUp = (): void => controller.abort(reason);
        {
          await using peer = await RawPeer.start((socket, path) => {
            answer(socket, path);
            if (atOnce) void turns(3).then(giveUp);
          }, listening);
          const client = new EngineClient(connecting(peer.engine, way));
          const reading = readRaw(client, {
            signal: controller.signal,
            opened: () => opened?.(giveUp),
            take: () => take?.(giveUp),
          });
          await expect(reading).rejects.toBe(reason);
          expect(client.sockets).toBe(0);
          await eventually(() => peer.connections === 0, "no connection at the peer");
        }
        expect(getEventListeners(controller.signal, "abort")).toEqual([]);
        await expectNoneLeft(before);
      },
    );
  });

  it("a read that is given up while it lets lines gather leaves nothing, not even the wait", async () => {
    const before = ownResources();
    const controller = new AbortController();
    const reason = new Error("given up");
    // oxlint-disable-next-line typescript/unbound-method -- it is called with its own `this`
    const wait = Coalescer.prototype.wait;
    vi.spyOn(Coalescer.prototype, "wait").mockImplementation(function gather(
      this: Coalescer,
      goOn,
    ) {
      wait.call(this, goOn);
      queueMicrotask(() => controller.abort(reason));
    });
    {
      await using peer = await RawPeer.start(writeLines, listening);
      await expect(readRaw(peer.engine, { signal: controller.signal })).rejects.toBe(reason);
      await eventually(() => peer.connections === 0, "no connection at the peer");
    }
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    await expectNoneLeft(before);
  });

  it("a consumer that fails ends the read with its failure, and leaves nothing", async () => {
    const before = ownResources();
    for (const take of [
      () => {
        throw new Error("mine");
      },
      async () => {
        await turns(3);
        throw new Error("mine");
      },
    ]) {
      await using peer = await RawPeer.start(writeLines, listening);
      await expect(readRaw(peer.engine, { take })).rejects.toThrow("mine");
      await eventually(() => peer.connections === 0, "no connection at the peer");
    }
    await expectNoneLeft(before);
  });
});

describe("a source that is closed", () => {
  it.each([
    { when: "before the head of its log comes", begins: "" },
    { when: "within that head", begins: HEAD.slice(0, 20) },
    { when: "within a chunk", begins: `${HEAD}40\r\n\u0001\0\0` },
    { when: "while its consumer holds it up", begins: undefined },
  ])("$when closes its connections", async ({ begins }) => {
    const before = ownResources();
    {
      await using fake = await FakeEngine.start();
      const web = fake.create({ name: "web" });
      for (let line = 0; line < 5_000; line++) web.write(`line ${line}`);
      let asked = 0;
      await using peer = await startLogPeer(fake, (socket, path) => {
        asked++;
        if (begins === undefined) askFake(fake, path, socket).pipe(socket);
        else socket.write(begins);
      });
      const options = { engine: peer.engine, bufferBytes: 1, ...eager };
      const follower = new Follower(new ContainerLogSource("web", options), () => never);
      await eventually(() => asked > 0, "a request for the log");
      if (begins === undefined) await follower.has(1);
      await turns(5);
      await follower.source.close();
      expect(follower.source.stats).toMatchObject({ sockets: 0, tasks: 0 });
      await eventually(() => peer.connections === 0, "no connection at the peer");
      await nothingOpen(fake);
    }
    await expectNoneLeft(before);
  });
});
