import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";
import type { LogRecord, PoolStatus, SourceStatus, StreamPool } from "../../src/index.ts";
import { Palette } from "./palette.ts";
import { Table } from "./table.ts";

const REDRAW_MS = 250;
const LONGEST_NAME = 24;

/** Lines on standard output, what happens on standard error; on a terminal a table stands below. */
export class Screen {
  readonly #pool: StreamPool;
  readonly #isTerminal = process.stdout.isTTY && process.stderr.isTTY;
  readonly #palette = new Palette();
  readonly #table: Table;
  readonly #begun = Date.now();
  readonly #timer: NodeJS.Timeout | undefined;
  #nameWidth = 0;
  /** Rows of the table on the screen now. */
  #drawn = 0;

  constructor(pool: StreamPool) {
    this.#pool = pool;
    this.#table = new Table(pool, this.#palette);
    pool.on("status", (status) => this.#tell(status));
    if (!this.#isTerminal) return;
    this.#timer = setInterval(() => {
      this.#table.measure();
      this.#replace("");
    }, REDRAW_MS);
  }

  print(records: readonly LogRecord[]): void {
    const text = records.map((record) => this.#format(record)).join("");
    if (this.#isTerminal) this.#replace(text);
    else process.stdout.write(text);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#clear();
    const { lines, rotations, turns, reconnects, gaps, tasks, sockets } = this.#pool.stats;
    const seconds = ((Date.now() - this.#begun) / 1000).toFixed(1);
    process.stderr.write(
      `${pc.bold("dockspool")}: ${lines} lines in ${seconds} s, ${rotations} rotations, ${turns} turns, ${reconnects} reconnects, ${gaps} gaps; left open: ${tasks} tasks, ${sockets} sockets\n`,
    );
  }

  #format({ timestamp, stream, line, container: { id, name } }: LogRecord): string {
    this.#nameWidth = Math.min(LONGEST_NAME, Math.max(this.#nameWidth, name.length));
    const time = pc.dim(timestamp.slice(11, 23));
    const label = this.#palette.of(id)(name.slice(0, LONGEST_NAME).padEnd(this.#nameWidth));
    const text = stripVTControlCharacters(line);
    return `${time} ${label} ${stream === "stderr" ? pc.red(text) : text}\n`;
  }

  #tell(status: PoolStatus): void {
    const line = describe(status);
    if (line === undefined) return;
    if (this.#isTerminal) this.#replace(`${line}\n`);
    else process.stderr.write(`${line}\n`);
  }

  /** Puts text where the table is, and the table below it. */
  #replace(text: string): void {
    this.#clear();
    if (text !== "") process.stdout.write(text);
    const columns = process.stderr.columns || 80;
    const rows = process.stderr.rows || 24;
    const table = this.#table.rows(columns - 1).slice(-Math.max(1, rows - 2));
    process.stderr.write(table.map((row) => `${row}\n`).join(""));
    this.#drawn = table.length;
  }

  #clear(): void {
    if (this.#drawn > 0) process.stderr.write(`\u001b[${this.#drawn}A\r\u001b[J`);
    this.#drawn = 0;
  }
}

function describe(status: PoolStatus): string | undefined {
  switch (status.type) {
    case "attached":
      return pc.green(`+ ${pc.bold(status.container.name)} (${status.container.image})`);
    case "detached": {
      const { kind } = status.reason;
      if (kind === "closed" || kind === "aborted") return undefined;
      const why =
        status.reason.kind === "failed"
          ? status.reason.error.message
          : kind === "removed" && !status.reason.complete
            ? "removed; whether all of its lines came can't be known"
            : kind;
      return pc.yellow(`- ${pc.bold(status.container.name)}: ${why}`);
    }
    case "skipped":
      return pc.yellow(`! ${pc.bold(status.container.name)} is skipped: ${status.error.message}`);
    case "engine":
      return status.state === "connected"
        ? undefined
        : pc.red(`the engine can't be reached, trying again: ${messageOf(status.error)}`);
    case "source": {
      const text = describeSource(status.status);
      return text === undefined ? undefined : `${pc.yellow(`! ${status.container.name}`)}: ${text}`;
    }
    default:
      return undefined;
  }
}

function describeSource(status: SourceStatus): string | undefined {
  switch (status.type) {
    case "reconnecting":
      return `reconnecting (attempt ${status.attempt}) in ${status.delayMs} ms: ${messageOf(status.error)}`;
    case "rotation-failed":
      return `a rotation failed: ${status.error.message}`;
    case "gap":
      return `gap: the engine no longer has what came after ${status.after}`;
    case "stalled":
      return `the stream had stalled for ${status.silentMs} ms; nothing is lost`;
    case "stopped":
      return "stopped; waiting for it to start again";
    case "restarted":
      return "started again";
    case "renamed":
      return `is now called ${status.to}`;
    default:
      return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
