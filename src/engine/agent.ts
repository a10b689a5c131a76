import { Agent as HttpAgent } from "node:http";
import type { AgentOptions, ClientRequest, IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Socket, connect as connectSocket } from "node:net";
import type { Duplex } from "node:stream";
import { inspect } from "node:util";
import { soon } from "./closing.ts";
import type { OnRead } from "./direct-connection.ts";
import { DirectSocket } from "./direct-socket.ts";
import { SWITCHED_PROTOCOLS } from "./failures.ts";
import type { SshAddress } from "./address.ts";
import { CommandStream } from "./command-stream.ts";
import type { SshConfig } from "./host-keys.ts";
import { SshMasters } from "./ssh-masters.ts";
import { SshStream } from "./ssh-stream.ts";

/**
 * What an agent does for a request; Node's own agents have it, its type declarations do not.
 * (Node, `lib/_http_agent.js`: `Agent.prototype.addRequest`)
 */
interface RequestAgent {
  addRequest(request: ClientRequest, ...rest: unknown[]): void;
}

/**
 * Answers of which docker-modem makes no error. It follows redirects with a request that has no error listener, so that a refused target would be an
 * uncaught exception. Engines redirect nowhere: without its location the answer is an ordinary one.
 */
function guard(request: ClientRequest): void {
  request.prependListener("response", (response: IncomingMessage) => {
    const status = response.statusCode ?? 0;
    if (status >= 300 && status < 400) delete response.headers.location;
  });
  // Of an answer that is no HTTP any more docker-modem says nothing, ever.
  request.once("upgrade", (_response: IncomingMessage, socket: Duplex) => {
    socket.on("error", () => {});
    socket.destroy();
    const error = new Error("HTTP 101: it goes on as something else");
    request.emit("error", Object.assign(error, { code: SWITCHED_PROTOCOLS }));
  });
}

/** docker-modem inspects its options to any depth on every request; an agent's open sockets took it seconds. */
const inspected = { [inspect.custom]: (): string => "Agent {}" };

const SINGLE: AgentOptions = { keepAlive: false };

/** Makes a connection per request: a follow holds its own, and none is left behind. */
export interface EngineAgent {
  readonly agent: HttpAgent;
  readonly openSockets: () => number;
  /** Resolves when the connections of requests that were given up are closed. */
  readonly closed: () => Promise<void>;
  /** Takes no more requests, and resolves when the last of them is over and nothing is left. Never rejects. */
  readonly retire: () => Promise<void>;
  /** Destroys what is connected. Resolves when nothing is left, or soon; never rejects. */
  readonly end: () => Promise<void>;
}

export function createAgent(tls: boolean): EngineAgent {
  const agent = tls ? new HttpsAgent(SINGLE) : new HttpAgent(SINGLE);
  const connect = tls ? createConnectionOf(agent) : connectPlainly;
  return withConnections(
    agent,
    (target, own) => new DirectSocket((onread) => own(connect(target, onread))),
  );
}

/** Each request takes a program `ssh` of its own; they share connections where ssh can. */
export function createCommandAgent(address: SshAddress): EngineAgent {
  const masters = new SshMasters(address);
  const connect: Connect = (_, own) => own(new CommandStream(() => masters.session()));
  return withConnections(new HttpAgent(SINGLE), connect, () => masters.end());
}

/** Each request takes an ssh connection of its own. */
export function createSshAgent(config: SshConfig): EngineAgent {
  return withConnections(new HttpAgent(SINGLE), (_, own) => own(new SshStream(config)));
}

/** Makes a connection; `own` is told of what is open until it closes. */
type Connect = (target: object, own: <S extends Duplex>(socket: S) => S) => Duplex;

/** `finish` ends what the connections share. */
function withConnections(
  agent: HttpAgent,
  connect: Connect,
  finish: () => Promise<void> = () => Promise.resolve(),
): EngineAgent {
  const inherited = addRequestOf(agent);
  const requests = new Map<ClientRequest, Promise<void>>();
  const sockets = new Set<Duplex>();
  const own = <S extends Duplex>(socket: S): S => {
    sockets.add(socket);
    return socket.once("close", () => sockets.delete(socket));
  };
  Object.assign(agent, inspected, {
    createConnection: (target: object) => connect(target, own),
    addRequest(request: ClientRequest, ...rest: unknown[]): void {
      guard(request);
      let over: (() => void) | undefined;
      const closed = new Promise<void>((resolve) => {
        over = () => {
          requests.delete(request);
          resolve();
        };
      });
      request.once("close", () => over?.());
      requests.set(request, closed);
      try {
        inherited.call(agent, request, ...rest);
      } catch (error) {
        // Certificates that can't be used, for one: the request never was one.
        over?.();
        throw error;
      }
    },
  });
  const closedAll = (): Promise<unknown> =>
    Promise.all([...requests.values(), ...Array.from(sockets, nextClose)]);
  return {
    agent,
    retire: async () => {
      await closedAll();
      await finish();
    },
    end: async () => {
      agent.destroy();
      for (const socket of sockets) socket.destroy();
      await soon(closedAll());
      await finish();
    },
    openSockets: () => sockets.size,
    closed: async () => {
      const given = [...requests].filter(([request]) => request.destroyed);
      await soon(Promise.all(given.map(([, closed]) => closed)));
    },
  };
}

function nextClose(socket: Duplex): Promise<void> {
  return new Promise((resolve) => void socket.once("close", resolve));
}

/** Sends requests through the caller's agent, which stays as it is. */
export function guardAgent(agent: HttpAgent): object {
  const inherited = addRequestOf(agent);
  const guarded: RequestAgent = {
    addRequest(request, ...rest) {
      guard(request);
      inherited.call(agent, request, ...rest);
    },
  };
  return new Proxy<object>(Object.assign(guarded, inspected), {
    get: (own, name): unknown => Reflect.get(Object.hasOwn(own, name) ? own : agent, name),
  });
}

/** Of all options of a request a socket needs these. Node's agent copies them all, which costs more than the socket. */
interface Target {
  readonly path?: unknown;
  readonly host?: unknown;
  readonly port?: unknown;
}

function connectPlainly({ path, host, port }: Target, onread: OnRead): Socket {
  if (typeof path === "string") return connectSocket({ path, onread });
  const hostOptions = typeof host === "string" ? { host } : {};
  return connectSocket({ ...hostOptions, port: Number(port), noDelay: true, onread });
}

/** How Node's agent makes its TLS sockets. (Node, `lib/https.js`) */
function createConnectionOf(agent: object): (target: object, onread: OnRead) => Socket {
  const method: unknown = Reflect.get(agent, "createConnection");
  if (typeof method !== "function") throw new TypeError("The agent has no createConnection().");
  return (target, onread) => {
    const socket: unknown = Reflect.apply(method, agent, [{ ...target, onread }]);
    if (socket instanceof Socket) return socket;
    throw new TypeError("The agent's createConnection() gave no socket.");
  };
}

function addRequestOf(agent: object): RequestAgent["addRequest"] {
  const method: unknown = Reflect.get(agent, "addRequest");
  if (typeof method !== "function") throw new TypeError("The agent has no addRequest().");
  return (...parameters) => void Reflect.apply(method, agent, parameters);
}
