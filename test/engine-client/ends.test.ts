import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { eventually, turns } from "../support/fake-follow.ts";
import { RawPeer } from "../support/raw-peer.ts";
import { connecting, readRaw, ways } from "../support/raw-read.ts";

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const COUNTED = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n";
const UNTIL_CLOSE = "HTTP/1.0 200 OK\r\n\r\n";

/** Sends the pieces apart, and ends the connection. */
async function send(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece);
    await turns(2);
  }
  socket.end();
}

describe.each(ways)("a body that is read %s", (way) => {
  it.each([
    ["chunks, the last one of no bytes", [CHUNKED, "b\r\nhello", " world\r\n", "0\r\n\r\n"]],
    ["a last chunk with trailers", [CHUNKED, "b\r\nhello world\r\n0\r\n", "Sum: 1\r\n", "\r\n"]],
    ["as many bytes as it said", [COUNTED, "hello", " world"]],
    ["the connection's end, where nothing was said", [UNTIL_CLOSE, "hello", " world"]],
  ])("is complete with %s", async (_, pieces) => {
    await using peer = await RawPeer.start((socket) => void send(socket, pieces));
    const { body, end } = await readRaw(connecting(peer.engine, way));
    expect({ body: body.toString(), end }).toEqual({ body: "hello world", end: "complete" });
  });

  it.each([
    [
      "with its last bytes, though the connection stays open",
      CHUNKED,
      "b\r\nhello world\r\n0\r\n\r\n",
    ],
    ["with as many bytes as it said, though the connection stays open", COUNTED, "hello world"],
  ])("is complete %s", async (_, head, rest) => {
    await using peer = await RawPeer.start((socket) => void socket.write(`${head}${rest}`));
    const { body, end } = await readRaw(connecting(peer.engine, way));
    expect({ body: body.toString(), end }).toEqual({ body: "hello world", end: "complete" });
    await eventually(() => peer.connections === 0, "no connection");
  });

  it.each([
    ["chunked", CHUNKED, "b\r\nhello world\r\n0\r\n\r\n"],
    ["counted", COUNTED, "hello world"],
  ])("of the %s kind is what it is, whatever comes behind it", async (_, head, rest) => {
    for (const more of ["\r\n", "HTTP/1.1 200 OK\r\n\r\n"]) {
      await using peer = await RawPeer.start(
        (socket) => void send(socket, [`${head}${rest}${more}`]),
      );
      const { body, end } = await readRaw(connecting(peer.engine, way));
      expect({ body: body.toString(), end }).toEqual({ body: "hello world", end: "complete" });
    }
  });

  it("of no bytes is complete", async () => {
    for (const head of [
      `${CHUNKED}0\r\n\r\n`,
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      UNTIL_CLOSE,
    ]) {
      await using peer = await RawPeer.start((socket) => void send(socket, [head]));
      const { body, end } = await readRaw(connecting(peer.engine, way));
      expect({ body: body.toString(), end }).toEqual({ body: "", end: "complete" });
      await eventually(() => peer.connections === 0, "no connection");
    }
  });

  it.each([
    ["within a chunk", [CHUNKED, "b\r\nhello"], "hello"],
    ["before a chunk's size", [CHUNKED, "5\r\nhello\r\n"], "hello"],
    ["within a chunk's size", [CHUNKED, "5\r\nhello\r\n1"], "hello"],
    ["before the last chunk's end", [CHUNKED, "5\r\nhello\r\n0\r\n"], "hello"],
    ["within trailers", [CHUNKED, "5\r\nhello\r\n0\r\nSum: 1\r\n"], "hello"],
    ["before as many bytes came as it said", [COUNTED, "hello"], "hello"],
    ["behind its head", [CHUNKED], ""],
  ])("is cut where the connection ends %s", async (_, pieces, expected) => {
    await using peer = await RawPeer.start((socket) => void send(socket, pieces));
    const { body, end } = await readRaw(connecting(peer.engine, way));
    expect({ body: body.toString(), end }).toEqual({ body: expected, end: "cut" });
  });

  it.each([
    ["a page instead of a chunk", "<html>502 Bad Gateway</html>"],
    ["a chunk without a size", "\r\n\r\n"],
    ["a chunk that is longer than its size", "3\r\nabcd\r\n"],
  ])("is cut where there is %s, with the bytes that came before", async (_, broken) => {
    await using peer = await RawPeer.start((socket) => {
      socket.write(`${CHUNKED}5\r\nhello\r\n`);
      void turns(5).then(() => socket.write(broken));
    });
    const { body, end } = await readRaw(connecting(peer.engine, way));
    expect(end).toBe("cut");
    expect(body.toString().slice(0, 5)).toBe("hello");
    await eventually(() => peer.connections === 0, "no connection");
  });
});
