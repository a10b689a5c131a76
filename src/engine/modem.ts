import { Agent as HttpAgent } from "node:http";
import Modem from "docker-modem";
import type { Address } from "./address.ts";
import { createAgent, guardAgent } from "./agent.ts";
import type { DockerModem } from "./engine-options.ts";

/** A modem of our own and the agent that it connects with, where we could give it one. */
export interface Connection {
  readonly modem: DockerModem;
  readonly agent: HttpAgent | undefined;
}

/** docker-modem's constructor reads DOCKER_HOST whatever it is given, so its fields are set without it. */
function modemWith(prototype: object, fields: object): DockerModem {
  const modem: DockerModem = Object.create(prototype);
  return Object.assign(modem, fields);
}

export function connectTo(address: Address): Connection {
  const common = { headers: {}, sshOptions: {}, pathPrefix: "/" };
  if (address.kind === "ssh") {
    const { host, port, username, options } = address;
    const fields = { ...common, protocol: "ssh", host, port, username, sshOptions: options };
    return { modem: modemWith(Modem.prototype, fields), agent: undefined };
  }
  const tls = address.kind === "tcp" ? address.tls : undefined;
  const agent = createAgent(tls !== undefined);
  const target =
    address.kind === "socket"
      ? { socketPath: address.path }
      : { host: address.host, port: address.port, pathPrefix: address.pathPrefix, ...tls };
  const protocol = tls === undefined ? "http" : "https";
  return { modem: modemWith(Modem.prototype, { ...common, ...target, protocol, agent }), agent };
}

/**
 * A modem with the settings of the caller's, which stays as it is. Where they are not docker-modem's, the caller's own
 * serves.
 *
 * @throws what a `socketPath` function of the caller's throws
 */
export async function connectLike(modem: DockerModem): Promise<Connection> {
  const settings = { ...modem } as Readonly<Record<string, unknown>>;
  const hasTarget = settings["socketPath"] !== undefined || typeof settings["host"] === "string";
  if (!hasTarget || typeof Reflect.get(modem, "buildRequest") !== "function") {
    return { modem, agent: undefined };
  }
  const { socketPath } = settings;
  // docker-modem leaves a rejection of this function unhandled.
  const path: unknown = typeof socketPath === "function" ? await socketPath() : socketPath;
  const prototype: object = Object.getPrototypeOf(modem) ?? Object.prototype;
  const fields = { ...settings, socketPath: path, socketPathCache: undefined, timeout: undefined };
  if (settings["protocol"] === "ssh") return { modem: modemWith(prototype, fields), agent: undefined };
  if (settings["agent"] instanceof HttpAgent) {
    const own = { ...fields, agent: guardAgent(settings["agent"]) };
    return { modem: modemWith(prototype, own), agent: undefined };
  }
  const agent = createAgent(settings["protocol"] === "https");
  return { modem: modemWith(prototype, { ...fields, agent }), agent };
}
