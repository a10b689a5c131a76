import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

import { onTestFinished } from "vitest";

/** Takes what the driver sends, and drops it. */
async function syslog(): Promise<Record<string, string>> {
  const socket = createSocket("udp4");
  onTestFinished(() => void socket.close());
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { "syslog-address": `udp://127.0.0.1:${socket.address().port}` };
}

async function fluentd(): Promise<Record<string, string>> {
  const server = createServer((socket) => void socket.resume().on("error", () => {}));
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("There is no port.");
  return { "fluentd-address": `127.0.0.1:${address.port}` };
}

/** What a driver that sends logs elsewhere needs: somebody there, until the running test has ended. Empty for others. */
export async function remoteOptions(driver: string): Promise<Record<string, string>> {
  if (driver === "syslog") return await syslog();
  if (driver === "fluentd") return await fluentd();
  return {};
}
