import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { NatsCluster } from "../../test/support/nats/nats-server.ts";
import { CollectorRun } from "./collector-run.ts";
import type { Holding } from "./collector-run.ts";
import { startHost } from "./hosts.ts";
import type { EngineKind, Host } from "./hosts.ts";
import { OWNERS, TTL_MS, WINDOW_MS, shownAct } from "./plan.ts";
import type { Act, Owner, Plan, Protection } from "./plan.ts";
import { judge } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

const STREAM = "LOGS";
const SHARED = 20;
const LONE = 10;
const LATENCY_MS = 200;
/** Before the first act, in milliseconds. */
const WARM_UP_MS = 4_000;
/** A stream to which nothing was added for so long is not to be waited for. */
const STANDS_STILL_MS = 45_000;
/** What is on its way twice comes within that time. */
const SETTLED_MS = 3_000;
const LOOK_EVERY_MS = 500;
const CURRENT_WITHIN_MS = 60_000;

export interface Task {
  /** The built test/nats/fixtures/collector.ts. */
  readonly program: string;
  readonly engine: EngineKind;
  readonly plan: Plan;
  readonly without?: Protection | undefined;
  readonly say?: (text: string) => void;
  /** Keeps there what the nodes have written. */
  readonly keep?: string | undefined;
}

export interface Outcome {
  readonly verdict: Verdict;
  /** How often each happened. */
  readonly acts: Readonly<Record<string, number>>;
  /** Processes that were collectors. */
  readonly collectors: number;
  /** Leases that were had, one after the other. */
  readonly leases: number;
  /** Of the NATS server. */
  readonly version: string;
  /** What collectors said on standard error. */
  readonly errors: string;
}

/** Three collectors, two engines and three nodes of NATS, under a plan. */
export async function play(task: Task): Promise<Outcome> {
  await using cluster = await NatsCluster.start();
  await using shared = await startHost(task.engine, "shared", SHARED);
  await using lone = await startHost(task.engine, "lone", LONE);
  const hosts = { one: shared, two: shared, lone };
  await using collectors = new Collectors(task, cluster.addresses, hosts);
  for (const owner of OWNERS) collectors.start(owner);
  const connection = await cluster.connect();
  await delay(WARM_UP_MS);
  const acts: Record<string, number> = {};
  const { rounds, sleeper } = task.plan;
  let sleepsSince = Infinity;
  for (const [index, round] of rounds.entries()) {
    if (sleeper?.from === index) {
      task.say?.(`${sleeper.owner} is stopped for longer than the window`);
      collectors.signal(sleeper.owner, "SIGSTOP");
      acts["collector stopped for longer than the window"] = 1;
      sleepsSince = performance.now();
    }
    if (sleeper !== undefined && performance.now() - sleepsSince > WINDOW_MS + TTL_MS) {
      task.say?.(`${sleeper.owner} wakes up`);
      collectors.signal(sleeper.owner, "SIGCONT");
      sleepsSince = Infinity;
    }
    task.say?.(`${index + 1}/${rounds.length} ${round.acts.map(shownAct).join("; ")}`);
    for (const { kind } of round.acts) acts[kind] = (acts[kind] ?? 0) + 1;
    await Promise.all(round.acts.map((act) => doAct(act, collectors, cluster)));
    if (round.acts.some((act) => "node" in act)) await untilCurrent(connection, task.say);
    await delay(round.restMs);
    collectors.check();
  }
  if (sleeper !== undefined) collectors.signal(sleeper.owner, "SIGCONT");
  await Promise.all([shared.silence(), lone.silence()]);
  await untilStored(connection, await countOf([shared, lone]), task.say);
  const verdict = await judge(connection, STREAM, [shared, lone], collectors.holdings);
  if (task.keep !== undefined) {
    mkdirSync(task.keep, { recursive: true });
    for (const [index, { logPath }] of cluster.nodes.entries())
      copyFileSync(logPath, join(task.keep, `n${index}.log`));
    for (const [index, { owner, said }] of collectors.all.entries())
      writeFileSync(join(task.keep, `collector-${index}-${owner}.log`), said.join("\n"));
    writeFileSync(join(task.keep, "holdings.json"), JSON.stringify(collectors.holdings));
    writeFileSync(join(task.keep, "verdict.json"), JSON.stringify(verdict));
  }
  const { leases, count, errors } = collectors;
  const version = connection.info?.version ?? "";
  return { verdict, acts, collectors: count, leases, version, errors };
}

async function doAct(act: Act, collectors: Collectors, cluster: NatsCluster): Promise<void> {
  switch (act.kind) {
    case "collectors killed":
      await Promise.all(act.owners.map((owner) => collectors.kill(owner)));
      await delay(act.ms);
      for (const owner of act.owners) collectors.start(owner);
      return;
    case "collector stopped":
      collectors.signal(act.owner, "SIGSTOP");
      await delay(act.ms);
      collectors.signal(act.owner, "SIGCONT");
      return;
    case "node killed":
      await cluster.nodes[act.node]?.stop();
      await delay(act.ms);
      await cluster.nodes[act.node]?.run();
      return;
    case "node stopped": {
      const pid = cluster.nodes[act.node]?.pid;
      if (pid === undefined) return;
      process.kill(pid, "SIGSTOP");
      await delay(act.ms);
      process.kill(pid, "SIGCONT");
      return;
    }
  }
}

/** One node at a time is away: until the one that was has all that the others have. */
async function untilCurrent(
  connection: NatsConnection,
  say: ((text: string) => void) | undefined,
): Promise<void> {
  const begun = performance.now();
  let away = "";
  while (performance.now() - begun < CURRENT_WITHIN_MS) {
    try {
      const manager = await jetstreamManager(connection, { timeout: 2_000, checkAPI: false });
      const all: string[] = [];
      for (const name of [STREAM, "KV_leases", "KV_positions"]) {
        const { cluster } = await manager.streams.info(name);
        if (cluster?.leader === undefined || cluster.leader === "") all.push(name);
        for (const replica of cluster?.replicas ?? [])
          if (!replica.current || replica.offline) all.push(`${name} ${replica.name}`);
      }
      if (all.length === 0) return;
      away = all.join(", ");
    } catch (error) {
      away = String(error);
    }
    await delay(LOOK_EVERY_MS);
  }
  say?.(`after ${CURRENT_WITHIN_MS} ms the nodes still have not the same: ${away}`);
}

async function countOf(hosts: readonly Host[]): Promise<number> {
  let count = 0;
  for (const host of hosts) for (const id of host.ids) count += (await host.logOf(id)).length;
  return count;
}

/** Until the stream has so many messages, or none was added for long; and then until it stands still. */
async function untilStored(
  connection: NatsConnection,
  count: number,
  say: ((text: string) => void) | undefined,
): Promise<void> {
  const manager = await jetstreamManager(connection, { timeout: 5_000, checkAPI: false });
  let last = -1;
  let since = performance.now();
  for (;;) {
    const info = await manager.streams.info(STREAM).catch(() => undefined);
    const stored = info?.state.messages ?? last;
    if (stored !== last) {
      last = stored;
      since = performance.now();
    }
    const stoodMs = performance.now() - since;
    if (stored >= count && stoodMs >= SETTLED_MS) return;
    if (stoodMs >= STANDS_STILL_MS) return say?.(`${stored} of ${count} are stored`);
    await delay(LOOK_EVERY_MS);
  }
}

/** The processes of the three collectors. */
class Collectors implements AsyncDisposable {
  readonly #task: Task;
  readonly #servers: readonly string[];
  readonly #hosts: Readonly<Record<Owner, Host>>;
  readonly #current = new Map<Owner, CollectorRun>();
  readonly #all: CollectorRun[] = [];

  constructor(task: Task, servers: readonly string[], hosts: Readonly<Record<Owner, Host>>) {
    this.#task = task;
    this.#servers = servers;
    this.#hosts = hosts;
  }

  get all(): readonly CollectorRun[] {
    return this.#all;
  }

  get count(): number {
    return this.#all.length;
  }

  get holdings(): Holding[] {
    return this.#all.flatMap(({ holdings }) => holdings);
  }

  get leases(): number {
    return this.holdings.length;
  }

  get errors(): string {
    return this.#all.map(({ errors }) => errors).join("");
  }

  start(owner: Owner): void {
    const settings = {
      owner,
      engineName: owner === "lone" ? "lone" : "shared",
      engine: this.#hosts[owner].engine,
      servers: this.#servers,
      ttlMs: TTL_MS,
      windowMs: WINDOW_MS,
      replicas: 3,
      latencyMs: LATENCY_MS,
      without: this.#task.without,
    };
    const run = new CollectorRun(this.#task.program, settings, this.#all.length);
    this.#current.set(owner, run);
    this.#all.push(run);
  }

  signal(owner: Owner, name: "SIGSTOP" | "SIGCONT"): void {
    this.#current.get(owner)?.signal(name);
  }

  async kill(owner: Owner): Promise<void> {
    await this.#current.get(owner)?.kill();
  }

  /** @throws Error where one has ended by itself */
  check(): void {
    for (const [owner, { hasFailed, errors }] of this.#current)
      if (hasFailed) throw new Error(`Collector ${owner} has ended by itself:\n${errors}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#current.values()].map((run) => run.kill()));
  }
}
