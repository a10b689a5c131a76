import { once } from "node:events";
import { get } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkedDecoder } from "../../src/wire/chunked.ts";
import { arbitraryCuts, chunked } from "./bytes.ts";
import { LAST_CHUNK, arbitraryChunkedBody, writeChunk } from "./http-chunks.ts";

interface Unchunked {
  readonly body: Buffer;
  readonly isComplete: boolean;
  /** How many pieces came before it was complete. */
  readonly completeAfter: number | undefined;
}

/** Each piece stands somewhere in a larger buffer, as a read does in the one that sockets share. */
function unchunk(pieces: readonly Buffer[], around = 0): Unchunked {
  const decoder = new ChunkedDecoder();
  const body: Buffer[] = [];
  let completeAfter: number | undefined;
  for (const [index, piece] of pieces.entries()) {
    const others = Buffer.alloc(around, "f");
    const surrounding = Buffer.concat([others, piece, others]);
    const spans: number[] = [];
    decoder.push(surrounding, around, around + piece.length, spans);
    for (let at = 0; at < spans.length; at += 2)
      body.push(surrounding.subarray(spans[at], spans[at + 1]));
    if (decoder.isComplete) completeAfter ??= index + 1;
  }
  return { body: Buffer.concat(body), isComplete: decoder.isComplete, completeAfter };
}

function failureOf(bytes: string): unknown {
  try {
    unchunk([Buffer.from(bytes, "latin1")]);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** What Node's own HTTP client makes of them. */
async function byNode(bodies: readonly Buffer[]): Promise<Buffer[]> {
  const head = "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  const server = createServer((socket) => {
    socket.once("data", (request) => {
      const index = Number(/^GET \/(\d+)/.exec(request.toString())?.[1]);
      socket.end(Buffer.concat([Buffer.from(head), bodies[index] ?? Buffer.alloc(0)]));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    return await Promise.all(
      bodies.map(async (_, index) => {
        const [response] = await once(
          get({ host: "127.0.0.1", port, path: `/${index}`, agent: false }),
          "response",
        );
        const pieces: Buffer[] = [];
        for await (const piece of response) pieces.push(piece);
        return Buffer.concat(pieces);
      }),
    );
  } finally {
    server.close();
  }
}

describe("a chunked body", () => {
  it("is the same however the peer cut it and the network cut that, and complete at its last byte", () => {
    fc.assert(
      fc.property(arbitraryChunkedBody, arbitraryCuts, ({ encoded, body }, cuts) => {
        const pieces = chunked(encoded, cuts);
        const whole = unchunk(pieces, 5);
        expect(whole.body.equals(body)).toBe(true);
        expect(whole.completeAfter).toBe(pieces.length);
        const allButOneByte = unchunk(chunked(encoded.subarray(0, -1), cuts));
        expect(allButOneByte.body.equals(body)).toBe(true);
        expect(allButOneByte.isComplete).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("is what Node's own HTTP client reads", async () => {
    const bodies = fc.sample(arbitraryChunkedBody, 60);
    const read = await byNode(bodies.map(({ encoded }) => encoded));
    for (const [index, { encoded }] of bodies.entries())
      expect(unchunk([encoded]).body.equals(read[index] ?? encoded)).toBe(true);
  });

  it("leaves its bytes where they are", () => {
    const encoded = Buffer.concat([
      writeChunk(Buffer.from("one\n")),
      writeChunk(Buffer.from("two")),
    ]);
    const spans = [7, 9];
    new ChunkedDecoder().push(encoded, 0, encoded.length, spans);
    expect(spans).toEqual([7, 9, 3, 7, 12, 15]);
    expect(encoded.toString()).toBe("4\r\none\n\r\n3\r\ntwo\r\n");
  });

  it("of no chunks is complete behind the last one", () => {
    expect(unchunk([LAST_CHUNK])).toEqual({
      body: Buffer.alloc(0),
      isComplete: true,
      completeAfter: 1,
    });
  });

  it("may have spaces before an extension", () => {
    expect(unchunk([Buffer.from("3 ;a\r\none\r\n3\t\r\ntwo\r\n0 \r\n\r\n")])).toMatchObject({
      body: Buffer.from("onetwo"),
      isComplete: true,
    });
  });

  it("may have chunks as large as their length can be told", () => {
    const decoder = new ChunkedDecoder();
    const spans: number[] = [];
    const head = Buffer.from("fffffffffff\r\n");
    decoder.push(head, 0, head.length, spans);
    decoder.push(Buffer.alloc(1_000), 0, 1_000, spans);
    expect(spans).toEqual([0, 1_000]);
    expect(decoder.isComplete).toBe(false);
  });
});

describe("what is no chunked body is refused, with what came", () => {
  it.each([
    ["a chunk without a size", "\r\nabc", "\r\nabc"],
    ["a size that is no number", "xyz\r\nabc", "xyz\r\nabc"],
    ["a negative size", "-5\r\nabcde\r\n", "-5\r\nabcde\r\n"],
    ["a size with 0x", "0x5\r\nabcde\r\n", "x5\r\nabcde\r\n"],
    [
      "a frame of the log instead of a size",
      "\u0001\0\0\0\0\0\0\u0005abcde",
      "\u0001\0\0\0\0\0\0\u0005abcde",
    ],
    ["a chunk that is longer than its size", "3\r\nabcd\r\n", "d\r\n"],
    ["a size behind the last byte of a chunk", "3\r\nabc3\r\nabc\r\n", "3\r\nabc\r\n"],
    ["a size too large to be true", `${"f".repeat(13)}\r\n`, "f\r\n"],
    [
      "a page",
      "<html><body>502 Bad Gateway</body></html>",
      "<html><body>502 Bad Gateway</body></html>",
    ],
  ])("%s", (_, bytes, shown) => {
    const error = failureOf(bytes);
    expect(error).toBeInstanceOf(SyntaxError);
    expect(String(error)).toContain(JSON.stringify(shown.slice(0, 40)));
  });

  it("also a size that goes on behind its carriage return", () => {
    expect(failureOf("5\r5\r\nabcde\r\n")).toBeInstanceOf(SyntaxError);
  });

  it("however it is cut", () => {
    fc.assert(
      fc.property(arbitraryChunkedBody, arbitraryCuts, ({ encoded }, cuts) => {
        const ends = encoded.lastIndexOf(LAST_CHUNK) === encoded.length - LAST_CHUNK.length;
        fc.pre(ends && encoded.at(-LAST_CHUNK.length - 1) === 0x0a);
        const broken = Buffer.concat([encoded.subarray(0, -LAST_CHUNK.length), Buffer.from("?")]);
        expect(() => unchunk(chunked(broken, cuts))).toThrow('got "?"');
      }),
      { numRuns: 100 },
    );
  });
});
