import { expect, it, vi } from "vitest";
import { DirectSocket } from "../../src/engine/direct-socket.ts";
import { EngineClient } from "../../src/engine/engine-client.ts";
import { eventually } from "../support/fake-follow.ts";
import { RawPeer, listenings } from "../support/raw-peer.ts";
import { readRaw } from "../support/raw-read.ts";

it.each(listenings)(
  "nothing of a request lasts behind its head over %s, and closing the client ends what is read",
  async (listening) => {
    const taken = vi.spyOn(DirectSocket.prototype, "takeBody");
    await using peer = await RawPeer.start((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n");
    }, listening);
    const client = new EngineClient(peer.engine);
    let pieces = 0;
    const reading = readRaw(client, { take: () => void pieces++ });
    await eventually(() => pieces === 1, "a line");
    expect(taken.mock.contexts).toEqual([expect.objectContaining({ closed: true })]);
    expect(client.sockets).toBe(1);
    await client.close();
    expect(client.sockets).toBe(0);
    expect((await reading).end).toBe("cut");
    taken.mockRestore();
  },
);
