import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";
import type { ContainerLogSource, LogRecord, SourceStatus } from "../../src/index.ts";

const REDRAW_MS = 250;

/** Lines on standard output; below them, on a terminal, a line that says how it goes. */
export class Screen {
  readonly #source: ContainerLogSource;
  readonly #isTerminal = process.stdout.isTTY && process.stderr.isTTY;
  readonly #begun = Date.now();
  readonly #timer: NodeJS.Timeout;
  #lastLines = 0;
  #lastAt = Date.now();
  #rate = 0;
  #lastRotation = "none yet";

  constructor(source: ContainerLogSource) {
    this.#source = source;
    source.on("status", (status) => this.#tell(status));
    this.#timer = setInterval(() => {
      this.#measure();
      this.#draw();
    }, REDRAW_MS);
  }

  print(records: readonly LogRecord[]): void {
    const text = records.map(format).join("");
    this.#clear();
    process.stdout.write(text);
    this.#draw();
  }

  /** Something worth a line of its own. */
  say(text: string): void {
    this.#clear();
    process.stderr.write(`${text}\n`);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#clear();
    const { lines, rotations, reconnects, gaps, tasks, sockets } = this.#source.stats;
    const seconds = ((Date.now() - this.#begun) / 1000).toFixed(1);
    process.stderr.write(
      `${pc.bold("dockspool")}: ${lines} lines in ${seconds} s, ${rotations} rotations, ${reconnects} reconnects, ${gaps} gaps; left open: ${tasks} tasks, ${sockets} sockets\n`,
    );
  }

  #tell(status: SourceStatus): void {
    const line = describe(status);
    if (status.type === "rotated") {
      const { closedInMs, reopenedInMs, generation } = status.rotation;
      this.#lastRotation = `generation ${generation} after ${(closedInMs + reopenedInMs).toFixed(1)} ms`;
      if (!this.#isTerminal)
        this.say(`dockspool: rotated, ${this.#lastRotation}, ${this.#source.stats.lines} lines`);
    } else if (line !== undefined) {
      this.say(line);
    }
  }

  #measure(): void {
    const { lines } = this.#source.stats;
    const now = Date.now();
    const rate = ((lines - this.#lastLines) * 1000) / Math.max(1, now - this.#lastAt);
    this.#rate += 0.3 * (rate - this.#rate);
    this.#lastLines = lines;
    this.#lastAt = now;
  }

  #draw(): void {
    if (!this.#isTerminal) return;
    const { state, lines, rotations, tasks, sockets, gaps } = this.#source.stats;
    const text = ` ${state}  ${lines} lines  ${this.#rate.toFixed(0)}/s  ${rotations} rotations (${this.#lastRotation})  tasks ${tasks}  sockets ${sockets}  gaps ${gaps} `;
    const width = process.stderr.columns || 80;
    this.#clear();
    process.stderr.write(pc.inverse(text.slice(0, width - 1)));
  }

  #clear(): void {
    if (this.#isTerminal) process.stderr.write("\r\u001b[2K");
  }
}

function format({ timestamp, stream, line, container }: LogRecord): string {
  const time = pc.dim(timestamp.slice(11, 23));
  const text = stripVTControlCharacters(line);
  return `${time} ${pc.cyan(container.name)} ${stream === "stderr" ? pc.red(text) : text}\n`;
}

function describe(status: SourceStatus): string | undefined {
  switch (status.type) {
    case "reconnecting": {
      const reason = status.error instanceof Error ? status.error.message : String(status.error);
      return pc.yellow(
        `reconnecting (attempt ${status.attempt}) in ${status.delayMs} ms: ${reason}`,
      );
    }
    case "rotation-failed":
      return pc.red(`a rotation failed: ${status.error.message}`);
    case "gap":
      return pc.red(`gap: the engine no longer has what came after ${status.after}`);
    case "stalled":
      return pc.yellow(`the stream had stalled for ${status.silentMs} ms; nothing is lost`);
    case "stopped":
      return pc.yellow("the container stopped; waiting for it to start again");
    case "restarted":
      return pc.green("the container started again");
    case "renamed":
      return pc.yellow(`the container is now called ${status.to}`);
    default:
      return undefined;
  }
}
