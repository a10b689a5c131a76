import { connect } from "node:net";
import type { Socket } from "node:net";
import type { FakeEngine } from "../../src/testing.ts";
import { RawPeer } from "./raw-peer.ts";
import type { Answer } from "./raw-peer.ts";

/** Stands before the fake engine and answers for logs itself; all else it passes on. */
export function startLogPeer(fake: FakeEngine, answer: Answer): Promise<RawPeer> {
  return RawPeer.start((socket, path) => {
    if (path.includes("/logs")) answer(socket, path);
    else askFake(fake, path, socket).pipe(socket);
  });
}

/** Asks the fake engine for the same. It is given up with the client's connection. */
export function askFake(fake: FakeEngine, path: string, client: Socket): Socket {
  const { socketPath = "" } = fake.engine;
  const upstream = connect(socketPath, () => {
    upstream.write(`GET ${path} HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n`);
  });
  upstream.on("error", () => client.destroy());
  client.once("close", () => upstream.destroy());
  return upstream;
}
