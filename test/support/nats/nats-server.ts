import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { NATS, binDirectoryOf, fetchedVersion } from "../../../scripts/engines/catalog.ts";
import { eventually } from "../fake-follow.ts";
import { freePort } from "../free-port.ts";
import { Gate } from "./gate.ts";
import { Server, programNamed } from "../sinks/server.ts";

export function natsProgram(): string | undefined {
  return programNamed("nats-server");
}

/** Of a cluster's nodes: the one that `npm run engines -- get nats-server` has fetched, since older ones are not exact; else the installed one. */
export function clusterProgram(): string | undefined {
  if (fetchedVersion(NATS) === undefined) return natsProgram();
  return join(binDirectoryOf(NATS), NATS.name);
}

interface Routes {
  readonly name: string;
  readonly port: number;
  /** Where it connects to. */
  readonly to: readonly number[];
  /** What it tells others of its port; nobody listens there. */
  readonly advertised?: number;
}

/** A NATS server with JetStream on 127.0.0.1, with a folder of its own. */
export class NatsServer implements AsyncDisposable {
  readonly port: number;
  readonly #server = new Server();
  readonly #routes: Routes | undefined;
  readonly #connections: NatsConnection[] = [];

  /** `config`: what its arguments do not say. */
  constructor(port: number, routes?: Routes, config = "") {
    this.port = port;
    this.#routes = routes;
    writeFileSync(this.#configPath, config);
  }

  static async start(config = ""): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), undefined, config);
    try {
      await server.run();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** It does nothing from now on, and its connections stay: none of its threads runs. */
  async pause(): Promise<void> {
    const tasks = `/proc/${this.pid}/task`;
    process.kill(this.pid, "SIGSTOP");
    // The name stands in brackets before the state.
    const stops = (task: string): boolean =>
      /\) T /.test(readFileSync(join(tasks, task, "stat"), "utf8"));
    await eventually(() => readdirSync(tasks).every(stops), "the server's stop");
  }

  resume(): void {
    process.kill(this.pid, "SIGCONT");
  }

  /** What it writes. */
  get logPath(): string {
    return this.#server.path("server.log");
  }

  get #configPath(): string {
    return this.#server.path("nats.conf");
  }

  async run(): Promise<void> {
    const own = [
      "-c",
      this.#configPath,
      "-a",
      "127.0.0.1",
      "-p",
      String(this.port),
      "-js",
      "-sd",
      this.#server.path("data"),
    ];
    const program = this.#routes === undefined ? natsProgram() : clusterProgram();
    await this.#server.run(program ?? "", [...own, ...this.#clusterArgs()], () => this.#answers());
  }

  /** As a crash. */
  async stop(): Promise<void> {
    await this.#server.stop("SIGKILL");
  }

  /** What it has stored is gone; it is not running. */
  forget(): void {
    rmSync(this.#server.path("data"), { recursive: true });
  }

  /** Ends with the server. */
  async connect(): Promise<NatsConnection> {
    const connection = await connectTo([this.address]);
    this.#connections.push(connection);
    return connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await this.#server[Symbol.asyncDispose]();
  }

  #clusterArgs(): string[] {
    if (this.#routes === undefined) return [];
    const { name, port, to, advertised } = this.#routes;
    const cluster = ["--cluster_name", "test", "--cluster", `nats://127.0.0.1:${port}`];
    if (advertised !== undefined) cluster.push("--cluster_advertise", `127.0.0.1:${advertised}`);
    const routes = to.map((other) => `nats://127.0.0.1:${other}`).join(",");
    return ["-n", name, ...cluster, ...(routes === "" ? [] : ["--routes", routes])];
  }

  async #answers(): Promise<boolean> {
    try {
      const connection = await connect({ servers: this.address, reconnect: false, timeout: 1_000 });
      await connection.close();
      return true;
    } catch {
      return false;
    }
  }
}

/** Reconnects for ever, and at once. */
function connectTo(servers: readonly string[]): Promise<NatsConnection> {
  return connect({
    servers: [...servers],
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 50,
    timeout: 2_000,
  });
}

/** Three nodes that keep copies. */
export class NatsCluster implements AsyncDisposable {
  readonly nodes: readonly NatsServer[];
  /** Of each node: where it tells of itself. */
  readonly monitors: readonly string[];
  /** Between the first node and the others. */
  readonly gate: Gate | undefined;
  readonly #connections: NatsConnection[] = [];

  private constructor(
    nodes: readonly NatsServer[],
    monitors: readonly string[],
    gate: Gate | undefined,
  ) {
    this.nodes = nodes;
    this.monitors = monitors;
    this.gate = gate;
  }

  /** `gated`: what the first node and the others say to each other passes a gate. */
  static async start({ gated = false }: { readonly gated?: boolean } = {}): Promise<NatsCluster> {
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    const all = await Promise.all([freePort(), freePort(), freePort()]);
    const monitors = await Promise.all([freePort(), freePort(), freePort()]);
    const [first, ...others] = all;
    const gate = gated ? await Gate.start({ host: "127.0.0.1", port: first }) : undefined;
    const nowhere = await freePort();
    const hidden = gate === undefined ? {} : { advertised: nowhere };
    const nodes = ports.map((port, index) => {
      // The first one connects to nobody: the others find it through the gate.
      const gatedTo = index === 0 ? [nowhere] : [gate?.port ?? 0, ...others];
      const to = gate === undefined ? all : gatedTo;
      const routes = { name: `n${index}`, port: all[index] ?? 0, to, ...hidden };
      return new NatsServer(port, routes, `http: "127.0.0.1:${monitors[index]}"\n`);
    });
    const addresses = monitors.map((port) => `http://127.0.0.1:${port}`);
    const cluster = new NatsCluster(nodes, addresses, gate);
    try {
      await Promise.all(nodes.map((node) => node.run()));
      await cluster.#hasLeader();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  get addresses(): string[] {
    return this.nodes.map(({ address }) => address);
  }

  async connect(servers: readonly string[] = this.addresses): Promise<NatsConnection> {
    const connection = await connectTo(servers);
    this.#connections.push(connection);
    return connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
    await this.gate?.[Symbol.asyncDispose]();
  }

  async #hasLeader(): Promise<void> {
    const connection = await this.connect();
    for (let attempt = 0; ; attempt++) {
      try {
        const manager = await jetstreamManager(connection, { timeout: 1_000 });
        await manager.streams.add({ name: "PROBE", subjects: ["probe"], num_replicas: 3 });
        await manager.streams.delete("PROBE");
        return;
      } catch (error) {
        if (attempt === 60) throw error;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  }
}
