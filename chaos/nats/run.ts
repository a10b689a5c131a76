import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { NatsCluster } from "../../test/support/nats/nats-server.ts";
import { CollectorRun } from "./collector-run.ts";
import type { Holding } from "./collector-run.ts";
import { startHost } from "./hosts.ts";
import type { EngineKind, Host } from "./hosts.ts";
import { STREAM, isStarted, isStored, untilCurrent } from "./cluster-state.ts";
import { GrowthWatch } from "./standstill.ts";
import { OWNERS, TTL_MS, WINDOW_MS, shownAct } from "./plan.ts";
import type { Act, Owner, Plan, Protection } from "./plan.ts";
import { judge } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

const SHARED = 20;
const LONE = 10;
const LATENCY_MS = 100;
/** So that two who ask at about the same time are between a read and its write at the same time. */
const LATENCY_AGAINST_COMPARE_AND_SET_MS = 600;
/** Before the first act, in milliseconds. */
const WARM_UP_MS = 4_000;
/** No outage of the plan lasts so long. */
const STANDS_STILL_MS = 15_000;
/** At the end, where the cluster stands still. */
const MOST_RESTARTS = 3;

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
  /** So often nobody's messages were answered any more, and the leader was started again. */
  readonly stoodStill: number;
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
  await using growth = new GrowthWatch({
    cluster,
    connection,
    stream: STREAM,
    collectors: () => collectors.current,
    say: (text) => task.say?.(text),
  });
  const acts: Record<string, number> = {};
  const { rounds, sleeper } = task.plan;
  let sleepsSince = Infinity;
  let stoodStill = 0;
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
    if (growth.stoodMs > STANDS_STILL_MS && (await isStarted(connection, cluster, task.say)))
      stoodStill++;
  }
  if (sleeper !== undefined) collectors.signal(sleeper.owner, "SIGCONT");
  await Promise.all([shared.silence(), lone.silence()]);
  const count = await countOf([shared, lone]);
  for (let restarts = 0; !(await isStored(connection, count, task.say)); restarts++) {
    if (restarts === MOST_RESTARTS || !(await isStarted(connection, cluster, task.say))) break;
    stoodStill++;
  }
  await growth[Symbol.asyncDispose]();
  const verdict = await judge(connection, STREAM, [shared, lone], collectors.holdings);
  if (task.keep !== undefined) {
    mkdirSync(task.keep, { recursive: true });
    for (const [index, { logPath }] of cluster.nodes.entries())
      copyFileSync(logPath, join(task.keep, `n${index}.log`));
    for (const [index, { owner, said, errors }] of collectors.all.entries()) {
      writeFileSync(join(task.keep, `collector-${index}-${owner}.log`), said.join("\n"));
      writeFileSync(join(task.keep, `collector-${index}-${owner}.err`), errors);
    }
    writeFileSync(join(task.keep, "holdings.json"), JSON.stringify(collectors.holdings));
    writeFileSync(join(task.keep, "verdict.json"), JSON.stringify(verdict));
  }
  const { leases, errors } = collectors;
  const version = connection.info?.version ?? "";
  return { verdict, acts, stoodStill, collectors: collectors.count, leases, version, errors };
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

async function countOf(hosts: readonly Host[]): Promise<number> {
  let count = 0;
  for (const host of hosts) for (const id of host.ids) count += (await host.logOf(id)).length;
  return count;
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

  get current(): readonly CollectorRun[] {
    return [...this.#current.values()];
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
    const { without } = this.#task;
    const settings = {
      owner,
      engineName: owner === "lone" ? "lone" : "shared",
      engine: this.#hosts[owner].engine,
      servers: this.#servers,
      ttlMs: TTL_MS,
      windowMs: WINDOW_MS,
      replicas: 3,
      latencyMs: without === "compare-and-set" ? LATENCY_AGAINST_COMPARE_AND_SET_MS : LATENCY_MS,
      without,
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
