import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Line, settled, until } from "../support/direct-line.ts";
import { turns } from "../support/fake-follow.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { readRaw } from "../support/raw-read.ts";
import { LAST_CHUNK, writeChunk } from "../wire/http-chunks.ts";

describe("with a clock that stands still", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    // One wait may serve the streams of the next test as well.
    vi.runAllTimers();
    vi.useRealTimers();
  });

  it("lines of a quiet stream are read at once, and nothing waits", async () => {
    await using line = await Line.open(true);
    for (let count = 1; count <= 5; count++) {
      await line.write(`line ${count}\n`);
      await line.has(count);
      expect(vi.getTimerCount()).toBe(0);
      vi.advanceTimersByTime(2);
    }
  });

  it("a line close behind another is read at once as well; those behind it come together", async () => {
    await using line = await Line.open(true);
    await line.write("1");
    await line.has(1);
    await line.write("2");
    await line.has(2);
    expect(vi.getTimerCount()).toBe(1);
    for (const text of ["3", "4", "5"]) await line.write(text);
    await settled();
    expect(line.reads).toEqual(["1", "2"]);
    vi.advanceTimersByTime(1);
    await line.has(3);
    expect(line.reads).toEqual(["1", "2", "345"]);
    // The wait behind that ends without a line, and the stream is quiet again.
    vi.advanceTimersByTime(1);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(2);
    await line.write("6");
    await line.has(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("much at once is not waited behind: more is there already", async () => {
    await using line = await Line.open(true);
    await line.write("1");
    await line.has(1);
    await line.write("2");
    await line.has(2);
    await line.write("x".repeat(40_000));
    await settled();
    vi.advanceTimersByTime(1);
    await until(() => line.reads.join("").length === 40_002);
    await settled();
    expect(line.reads[2]?.length).toBeGreaterThanOrEqual(32 * 1024);
    const small = line.reads.slice(3).filter(({ length }) => length < 32 * 1024);
    expect(vi.getTimerCount()).toBe(Math.min(small.length, 1));
  });

  it("one timer serves all streams that wait", async () => {
    await using one = await Line.open(true);
    await using two = await Line.open(true);
    for (const line of [one, two]) {
      await line.write("1");
      await line.has(1);
      await line.write("2");
      await line.has(2);
    }
    expect(vi.getTimerCount()).toBe(1);
    await one.write("3");
    await two.write("3");
    vi.advanceTimersByTime(1);
    await one.has(3);
    await two.has(3);
  });

  it("what is no log is not waited for", async () => {
    await using line = await Line.open(false);
    for (let count = 1; count <= 5; count++) {
      await line.write("{}");
      await line.has(count);
      expect(vi.getTimerCount()).toBe(0);
    }
  });
});

it("of a busy log many chunks are taken at once", async () => {
  const CHUNKS = 3_000;
  const lines = Array.from({ length: CHUNKS }, (_, index) => Buffer.from(`line ${index}\n`));
  const send = async (socket: Socket): Promise<void> => {
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    // The reader has its turn between any two of them.
    for (const line of lines) {
      socket.write(writeChunk(line));
      await turns();
    }
    socket.end(LAST_CHUNK);
  };
  await using peer = await RawPeer.start((socket) => void send(socket));
  // However slow the machine, each read is close behind the one before.
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    let reads = 0;
    const { body, end } = await readRaw(peer.engine, { take: () => void reads++ });
    expect(end).toBe("complete");
    expect(body.equals(Buffer.concat(lines))).toBe(true);
    expect(reads).toBeLessThan(CHUNKS / 4);
  } finally {
    vi.useRealTimers();
  }
});
