import { Agent } from "node:http";
import { Agent as TlsAgent } from "node:https";
import Modem from "docker-modem";
import type { BodyEnd, TakeBytes } from "../../src/engine/body.ts";
import { EngineClient } from "../../src/engine/engine-client.ts";
import { traitsOf } from "../../src/engine/traits.ts";
import type { ContainerInfo, Engine, EngineOptions } from "../../src/index.ts";

/** The two ways in which a body is read. */
export type Way = "directly" | "through the caller's agent";
export const ways: readonly Way[] = ["directly", "through the caller's agent"];

export function connecting(engine: EngineOptions, way: Way): Engine {
  if (way === "directly") return engine;
  const { connectTimeoutMs: _, ...settings } = engine;
  return settings.ca === undefined
    ? new Modem({ ...settings, agent: new Agent() })
    : new Modem({ ...settings, protocol: "https", agent: new TlsAgent() });
}

const container: ContainerInfo = {
  id: "c".repeat(64),
  name: "web",
  image: "fake",
  labels: {},
  tty: false,
  logDriver: "json-file",
  engine: "default",
};

/** What came of a read. */
export interface RawRead {
  readonly end: BodyEnd;
  readonly body: Buffer;
}

interface Reading {
  /** Called with each piece of the body, as it comes. */
  readonly take?: TakeBytes;
  readonly opened?: () => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** Follows a container's log, as a reader does, and copies the bytes of it. */
export async function readRaw(
  engine: Engine | EngineClient,
  { take, opened = () => {}, signal = new AbortController().signal }: Reading = {},
): Promise<RawRead> {
  const client = engine instanceof EngineClient ? engine : new EngineClient(engine);
  const pieces: Buffer[] = [];
  const end = await client.readLogs(
    container,
    { follow: true, tail: "all" },
    traitsOf({}),
    {
      opened,
      take: (bytes, spans) => {
        for (let at = 0; at < spans.length; at += 2)
          pieces.push(Buffer.from(bytes.subarray(spans[at], spans[at + 1])));
        const taken = take?.(bytes, spans);
        // They are the receiver's to change, until it returns.
        bytes.fill("?");
        return taken;
      },
    },
    signal,
  );
  return { end, body: Buffer.concat(pieces) };
}
