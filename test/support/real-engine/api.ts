import { request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

export interface ApiCall {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  /** Sent as JSON; a stream is sent as it is. */
  readonly body?: Readable | Readonly<Record<string, unknown>>;
  /** Without any byte for that long the call fails. Default: 60 s. */
  readonly timeoutMs?: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

/** One call of the Engine API on a connection of its own. Resolves whatever the status is. */
export async function callApi(socketPath: string, call: ApiCall): Promise<ApiAnswer> {
  const { method, path, body, timeoutMs = 60_000 } = call;
  const type = body instanceof Readable ? "application/x-tar" : "application/json";
  const headers = { host: "docker", ...(body === undefined ? {} : { "content-type": type }) };
  const client = request({ socketPath, method, path, headers, agent: false });
  const answer = new Promise<ApiAnswer>((resolve, reject) => {
    client.once("error", reject);
    client.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") });
      });
    });
  });
  client.setTimeout(timeoutMs, () => {
    client.destroy(new Error(`${method} ${path}: nothing came for ${timeoutMs} ms.`));
  });
  if (body instanceof Readable) {
    const [result] = await Promise.all([answer, pipeline(body, client)]);
    return result;
  }
  client.end(body === undefined ? undefined : JSON.stringify(body));
  return await answer;
}

/** As `callApi`, for calls that must succeed: rejects with the engine's own words. */
export async function mustCallApi(socketPath: string, call: ApiCall): Promise<unknown> {
  const answer = await callApi(socketPath, call);
  if (answer.status >= 400) {
    throw new Error(`${call.method} ${call.path}: ${answer.status} ${answer.text.trim()}`);
  }
  const isJson = answer.text.startsWith("{") || answer.text.startsWith("[");
  return isJson && !answer.text.includes("\n{") ? (JSON.parse(answer.text) as unknown) : undefined;
}

export function stringField(value: unknown, name: string): string {
  const field = fieldOf(value, name);
  if (typeof field !== "string") throw new Error(`The engine's answer has no text "${name}".`);
  return field;
}

export function numberField(value: unknown, name: string): number {
  const field = fieldOf(value, name);
  if (typeof field !== "number") throw new Error(`The engine's answer has no number "${name}".`);
  return field;
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Reflect.get(value, name);
}
