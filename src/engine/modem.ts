import { Agent as HttpAgent } from "node:http";
import { userInfo } from "node:os";
import type { Address, SshAddress } from "./address.ts";
import { createAgent, createCommandAgent, createSshAgent, guardAgent } from "./agent.ts";
import type { EngineAgent } from "./agent.ts";
import { loadModem } from "./docker-modem.ts";
import type { DockerModem } from "./engine-options.ts";
import { record } from "./json.ts";
import { shownUrl } from "./shown-url.ts";
import type { SshConfig } from "./host-keys.ts";

/** The address of a modem that does not show it. */
const UNSEEN = "the given modem's engine";

/** A modem of our own and the agent that it connects with, where we could give it one. */
export interface Connection {
  readonly modem: DockerModem;
  readonly agent: EngineAgent | undefined;
  /** In front of every path that is asked for; docker-modem leaves its own out. */
  readonly pathPrefix: string;
}

/**
 * A modem that behaves like `prototype` but for `fields`. docker-modem's constructor would read DOCKER_HOST whatever it is
 * given.
 */
function modemWith(prototype: DockerModem, fields: object): DockerModem {
  const modem: DockerModem = {
    ...fields,
    dial: (options, callback) => prototype.dial.call(modem, options, callback),
  };
  Object.setPrototypeOf(modem, prototype);
  return modem;
}

/** Plain HTTP, of which the agent alone knows where it goes. */
function throughSsh(prototype: DockerModem, fields: object, own: EngineAgent): Connection {
  const target = { protocol: "http", host: "docker", port: undefined, agent: own.agent };
  return { modem: modemWith(prototype, { ...fields, ...target }), agent: own, pathPrefix: "" };
}

/** By the system's ssh, or where there are options for it by ssh2. */
function sshAgentTo(address: SshAddress): EngineAgent {
  const { host, port = 22, username = userInfo().username, options } = address;
  if (options === undefined) return createCommandAgent(address);
  return createSshAgent({ agent: process.env["SSH_AUTH_SOCK"], ...options, host, port, username });
}

/** @throws where docker-modem can't be loaded */
export async function connectTo(address: Address): Promise<Connection> {
  const { prototype } = await loadModem();
  const common = { headers: {}, pathPrefix: "/" };
  if (address.kind === "ssh") return throughSsh(prototype, common, sshAgentTo(address));
  const tls = address.kind === "tcp" ? address.tls : undefined;
  const own = createAgent(tls !== undefined);
  const target =
    address.kind === "socket"
      ? { socketPath: address.path }
      : { host: address.host, port: address.port, ...tls };
  const protocol = tls === undefined ? "http" : "https";
  const fields = { ...common, ...target, protocol, agent: own.agent };
  const pathPrefix = address.kind === "tcp" ? address.pathPrefix : "";
  return { modem: modemWith(prototype, fields), agent: own, pathPrefix };
}

/**
 * A modem with the settings of the caller's, which stays as it is. Where they are not docker-modem's, the caller's own
 * serves.
 *
 * @throws what a `socketPath` function of the caller's throws
 */
export async function connectLike(modem: DockerModem): Promise<Connection> {
  const setting = (name: string): unknown => Reflect.get(modem, name);
  const socketPath = setting("socketPath");
  const hasTarget = socketPath !== undefined || typeof setting("host") === "string";
  if (!hasTarget || typeof setting("buildRequest") !== "function")
    return { modem, agent: undefined, pathPrefix: "" };
  const fields = {
    // docker-modem leaves a rejection of such a function unhandled.
    socketPath: typeof socketPath === "function" ? await resolved(socketPath) : socketPath,
    socketPathCache: undefined,
    // It counts idleness, and a quiet follow is idle.
    timeout: undefined,
  };
  if (setting("protocol") === "ssh") {
    const config: SshConfig = {
      ...record(setting("sshOptions")),
      host: setting("host"),
      port: setting("port"),
      username: setting("username"),
      password: setting("password"),
    };
    // docker-modem by itself leaves a connection open behind each request that is given up.
    return throughSsh(modem, fields, createSshAgent(config));
  }
  const callers = setting("agent");
  if (callers instanceof HttpAgent) {
    const guarded = modemWith(modem, { ...fields, agent: guardAgent(callers) });
    return { modem: guarded, agent: undefined, pathPrefix: "" };
  }
  const own = createAgent(setting("protocol") === "https");
  return { modem: modemWith(modem, { ...fields, agent: own.agent }), agent: own, pathPrefix: "" };
}

/** Where a modem of the caller's connects to, for people, and as far as it shows. */
export function addressOf(modem: DockerModem): string {
  const text = (name: string): string => {
    const value: unknown = Reflect.get(modem, name);
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  const path = text("socketPath");
  if (path !== "") return `unix://${path}`;
  const host = text("host");
  if (host !== "") return `${text("protocol")}://${shownUrl(host)}:${text("port")}`;
  return UNSEEN;
}

async function resolved(socketPath: object): Promise<unknown> {
  return typeof socketPath === "function" ? Reflect.apply(socketPath, undefined, []) : undefined;
}
