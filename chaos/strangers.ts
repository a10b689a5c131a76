import { STATUS_CODES } from "node:http";
import type { NetworkFault, Stranger } from "./plan.ts";

type Answering = Extract<NetworkFault, { kind: "status" | "redirect" | "another server" }>;

const strangers: Readonly<Record<Stranger, string>> = {
  ssh: "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
  page: answer("200 OK", [], "<html><body>Welcome to nginx!</body></html>"),
  empty: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
  noise: "\u0000\u0001\u0002 no HTTP at all\r\n\r\n\u0007",
};

/** What somebody says who is not the engine. */
export function answerOf(fault: Answering): string {
  if (fault.kind === "another server") return strangers[fault.server];
  if (fault.kind === "redirect") return answer("302 Found", [`Location: ${fault.location}`], "");
  const name = STATUS_CODES[fault.status] ?? "Status";
  return answer(`${fault.status} ${name}`, [], `<html><h1>${name}</h1></html>`);
}

function answer(status: string, headers: readonly string[], body: string): string {
  const all = [
    `HTTP/1.1 ${status}`,
    ...headers,
    "Content-Type: text/html",
    "Connection: close",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${all.join("\r\n")}\r\n\r\n${body}`;
}
