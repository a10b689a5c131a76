import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { jetstreamManager } from "@nats-io/jetstream";
import type { JetStreamManager } from "@nats-io/jetstream";
import { connect, nanos } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";
import { freePort } from "../../test/support/free-port.ts";
import { findProgram } from "../../test/support/real-engine/programs.ts";
import type { Context, Row } from "../context.ts";
import { measure } from "../measure.ts";
import type { Usage } from "../measure.ts";
import { runProgram } from "../programs.ts";
import type { Section } from "../report.ts";
import { inRounds, median, ratioOf } from "../rounds.ts";
import { megabytes, shown, shownRatio } from "../table.ts";

const LINES = 100_000;
const ROUNDS = 3;
const TICKS_PER_SECOND = 100;
const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
/** On any machine; usual is a quarter or less. */
const BROKEN_RATIO = 0.6;

const WAYS = {
  core: "core publish, nothing acknowledged or stored",
  js: "js.publish(), 256 at once",
  sink: "natsSink",
  repeats: "natsSink, all repeats",
  tail: "tailNats",
  command: "dockspool nats web --no-follow",
} as const;
type Way = keyof typeof WAYS;
const ALL = ["core", "js", "sink", "repeats", "tail", "command"] as const satisfies Way[];

interface Found extends Usage {
  readonly serverSeconds: number;
  readonly serverBytes: number;
}

/** What a line costs on its way to a stream of NATS JetStream, and out of it. */
export const nats: Row = { number: 9, run: measureNats };

async function measureNats(context: Context): Promise<Section | undefined> {
  const program = findProgram("nats-server", context.env);
  if (program === undefined) {
    context.progress("row 9: left out, nats-server is not installed");
    return undefined;
  }
  await using server = await Nats.start(program);
  await server.stream("FULL");
  await publish(server, "sink", "FULL", context);
  const rounds = context.runs ?? ROUNDS;
  const found = await inRounds(ALL, rounds, async (way, round) => {
    const one = await server.measured(() => run(way, round, server, context));
    context.progress(`row 9: ${WAYS[way]}: ${shown(LINES / one.wallSeconds)} lines/s`);
    return one;
  });
  return sectionOf(found, rounds);
}

async function run(way: Way, round: number, server: Nats, context: Context): Promise<Usage> {
  if (way === "repeats") return await publish(server, "sink", "FULL", context);
  if (way === "tail") return await publish(server, "tail", "FULL", context);
  if (way === "command") return await printed(server, context);
  const stream = `${way}${round}`;
  await server.stream(stream);
  const usage = await publish(server, way, stream, context);
  await server.drop(stream, way === "core" ? 0 : LINES);
  return usage;
}

async function publish(
  server: Nats,
  way: string,
  stream: string,
  context: Context,
): Promise<Usage> {
  const options = { server: server.address, stream, way, lines: LINES };
  const outcome = await runProgram<{ readonly count: number }>("nats", options, context);
  if (outcome.found.count !== LINES) throw new Error(`${way}: ${outcome.found.count} lines.`);
  return outcome;
}

async function printed(server: Nats, { env }: Context): Promise<Usage> {
  const where = ["--server", server.address, "--stream", "FULL", "--subject", "FULL"];
  const command = [process.execPath, CLI, "nats", "web", "--no-follow", ...where];
  return await measure(["bash", "-c", 'test "$("$@" | wc -l)" = "$0"', String(LINES), ...command], {
    env,
  });
}

/** A server with JetStream and a folder of its own. */
class Nats implements AsyncDisposable {
  readonly address: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "dockspool-bench-"));
  readonly #server;
  #connection: NatsConnection | undefined;
  #manager: JetStreamManager | undefined;

  private constructor(program: string, port: number) {
    this.address = `127.0.0.1:${port}`;
    const args = ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", this.#folder];
    this.#server = spawn(program, args, { stdio: "ignore" });
  }

  static async start(program: string): Promise<Nats> {
    const server = new Nats(program, await freePort());
    await server.#connect();
    return server;
  }

  async #connect(): Promise<void> {
    for (let attempt = 0; this.#connection === undefined; attempt++) {
      try {
        this.#connection = await connect({ servers: this.address });
      } catch (error) {
        if (attempt === 100) throw error;
        await pause(100);
      }
    }
    this.#manager = await jetstreamManager(this.#connection);
  }

  async stream(name: string): Promise<void> {
    const duplicate_window = nanos(3_600_000);
    await this.#manager?.streams.add({ name, subjects: [`${name}.>`], duplicate_window });
  }

  async drop(name: string, messages: number): Promise<void> {
    const info = await this.#manager?.streams.info(name);
    if (info?.state.messages !== messages)
      throw new Error(`${name} holds ${info?.state.messages} messages.`);
    await this.#manager?.streams.delete(name);
  }

  async measured(work: () => Promise<Usage>): Promise<Found> {
    const before = this.#usage().seconds;
    const usage = await work();
    const { seconds, bytes } = this.#usage();
    return { ...usage, serverSeconds: seconds - before, serverBytes: bytes };
  }

  #usage(): { readonly seconds: number; readonly bytes: number } {
    const stat = readFileSync(`/proc/${this.#server.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    return { seconds, bytes: Number(fields[21]) * 4_096 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection?.close();
    const exited = once(this.#server, "exit");
    this.#server.kill();
    await exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function sectionOf(found: ReadonlyMap<Way, readonly Found[]>, rounds: number): Section {
  const of = (way: Way, what: (one: Found) => number): number[] => (found.get(way) ?? []).map(what);
  const own = (one: Found): number => (one.cpuSeconds / LINES) * 1_000_000;
  const theirs = (one: Found): number => (one.serverSeconds / LINES) * 1_000_000;
  return {
    row: 9,
    title: "NATS JetStream",
    text: [
      `${LINES.toLocaleString("en-US")} lines of 90 bytes of one container, 480 bytes of JSON, to one server without replicas and out of it, each way a program of its own
on the server's machine. ${rounds} rounds, each in the order opposite to the last one's. Medians; a ratio is that of two runs of the same round. CPU in seconds per
million lines, with the start of Node. \`js.publish()\` is the client's own way with the same messages, \`core publish\` the floor: the same messages to a subject that
nobody takes. What the stream holds is counted after each run, and lines that are read are compared.`,
    ],
    tables: [
      {
        columns: [
          "way",
          "lines/s",
          "CPU",
          "× js.publish()",
          "× core publish",
          "server's CPU",
          "× js.publish()",
          "server's RSS, MB",
        ],
        rows: ALL.map((way) => [
          WAYS[way],
          shown(median(of(way, ({ wallSeconds }) => LINES / wallSeconds))),
          shown(median(of(way, own))),
          shownRatio(ratioOf(of(way, own), of("js", own))),
          shownRatio(ratioOf(of(way, own), of("core", own))),
          shown(median(of(way, theirs))),
          shownRatio(ratioOf(of(way, theirs), of("js", theirs))),
          megabytes(median(of(way, ({ serverBytes }) => serverBytes))),
        ]),
      },
    ],
    charts: [],
    broken: brokenOf(ratioOf(of("sink", own), of("js", own)).least),
  };
}

function brokenOf(ratio: number): string[] {
  if (ratio <= BROKEN_RATIO) return [];
  return [`natsSink takes ${shown(ratio)} × the CPU of js.publish(), more than ${BROKEN_RATIO} ×.`];
}
