import http from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { EngineOptions } from "../../src/index.ts";

const ID = "a".repeat(64);

/** What Docker 20.10 has read ahead when it comes to damage. */
const LOST_WITH_DAMAGE = 5;

interface Reader {
  readonly from: number;
  readonly response: ServerResponse;
}

/** Lines with these numbers. */
export function numberedLines(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `line ${from + index}`);
}

/** One container of Docker 28 with a log that is as people have them: damaged, or emptied by hand. */
export class ScriptedLog implements AsyncDisposable {
  readonly lines: string[] = [];
  /** In front of these lines there is a damaged record, or behind the last one: reads that come to it end there. */
  readonly damages: number[] = [];
  /**
   * Docker 20.10: a follow that comes to a damaged record stays open, and shows no more; a tail that begins with one shows some
   * of what is behind it.
   */
  isOld = false;
  /** Docker 20.10 reads ahead: so many lines behind damage are left out of a plain read that comes to it, which then goes on. */
  leavesOut: number | undefined;
  /** The next plain read that comes to this line goes on at the log's first one, and then at twice as far. */
  jumpsBackAt: number | undefined;
  /**
   * Docker 20.10 with the driver `local`: it ends where a tail comes to a damaged record, and is back at once; all that is asked for
   * then is cut. What begins before such a record is told to end at it.
   */
  isLocal = false;
  /** How often the engine has ended by that. */
  deaths = 0;
  maxSize: string | undefined;
  /** Docker 26: a read that ends at a damaged record says why, and has dropped some entries before that; with one damage alone. */
  saysWhy = false;
  /** Tails send headers, and are looked for without an end. */
  areTailsStuck = false;
  isRunning = true;
  isRemoved = false;
  /** This log request comes too late: the container is removed. */
  removedBy: string | undefined;
  /** The queries of log requests. */
  readonly asked: string[] = [];
  readonly stuck: Set<ServerResponse> = new Set<ServerResponse>();
  readonly #events = new Set<ServerResponse>();
  #first = 0;
  #dropped = 0;
  readonly #follows = new Set<Reader>();
  readonly #server: http.Server = http.createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://engine");
    response.setHeader(
      "Server",
      `Docker/${this.isOld || this.isLocal ? "20.10.24" : "28.5.2"} (linux)`,
    );
    if (url.pathname.endsWith("/logs")) this.#logs(url.searchParams, response);
    else if (url.pathname.endsWith("/events")) {
      if (url.searchParams.has("until")) {
        response.end();
        return;
      }
      response.writeHead(200).flushHeaders();
      this.#events.add(response);
    } else if (url.pathname.endsWith("/info")) response.end(JSON.stringify({ ID: "engine" }));
    else if (this.isRemoved) notFound(response);
    else response.end(JSON.stringify(this.#inspection()));
  });

  static async start(): Promise<ScriptedLog> {
    const log = new ScriptedLog();
    await new Promise<void>((resolve) => {
      log.#server.listen(0, "127.0.0.1", resolve);
    });
    return log;
  }

  get engine(): EngineOptions {
    const { port } = this.#server.address() as AddressInfo;
    return { host: "127.0.0.1", port, protocol: "http" };
  }

  get follows(): number {
    return this.#follows.size;
  }

  timestamp(index: number): string {
    const at = new Date(Date.UTC(2026, 10, 28) + index * 1000);
    return at.toISOString().replace("Z", "000000Z");
  }

  write(...lines: string[]): void {
    for (const line of lines) {
      this.lines.push(line);
      for (const follow of this.#follows) {
        const index = this.lines.length - 1;
        const isDamaged = this.#endOf(follow.from) <= index;
        if (isDamaged && !this.isOld) {
          this.#follows.delete(follow);
          this.#endAtDamage(follow.response);
        }
        if (!isDamaged) follow.response.write(this.#frame(index));
      }
    }
  }

  /** As `truncate -s 0` does it: what follows see is what lies behind where they are, which never comes. */
  empty(): void {
    this.#first = this.lines.length;
    this.areTailsStuck = true;
    this.#follows.clear();
  }

  /** The engine ends, by itself or by its operator's hand, and is back at once. */
  end(): void {
    this.deaths++;
    this.#server.closeAllConnections();
  }

  cutEvents(): void {
    for (const events of this.#events) events.destroy();
  }

  /** Open follows see nothing, and end with their container. */
  stop(): void {
    this.isRunning = false;
    for (const { response } of this.#follows) response.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #logs(query: URLSearchParams, response: ServerResponse): void {
    const tail = query.get("tail") ?? "all";
    const isFollow = query.get("follow") === "1";
    this.asked.push(`follow=${query.get("follow")} tail=${tail}`);
    this.isRemoved ||= this.removedBy === this.asked.at(-1);
    if (this.isRemoved) {
      notFound(response);
      return;
    }
    response.writeHead(200).flushHeaders();
    if (this.isLocal && tail !== "all" && this.#comesToDamage(Number(tail))) {
      this.end();
      return;
    }
    if (this.areTailsStuck && tail !== "all") {
      this.stuck.add(response);
      response.on("close", () => this.stuck.delete(response));
      return;
    }
    const isEndDamaged = this.damages.includes(this.lines.length);
    const from = tail === "all" ? this.#first : this.#beginOf(Number(tail));
    const whole = this.#endOf(from);
    const isCutByDamage = this.saysWhy && this.damages.length === 1 && whole < this.lines.length;
    // It drops what it has not sent when it comes to the damage, each time at another place: in ten such reads each once.
    if (isCutByDamage && from < whole) this.#dropped = (this.#dropped * 7 + 3) % 11;
    const end = isCutByDamage ? Math.max(from, whole - this.#dropped) : whole;
    if (this.leavesOut !== undefined && end < this.lines.length) {
      for (let index = from; index < end; index++) response.write(this.#frame(index));
      for (let index = end + this.leavesOut; index < this.lines.length; index++)
        response.write(this.#frame(index));
      if (!isFollow) response.end();
      return;
    }
    const jump = isFollow ? undefined : this.jumpsBackAt;
    if (jump !== undefined) this.jumpsBackAt = undefined;
    for (let index = from; index < Math.min(end, jump ?? end); index++)
      response.write(this.#frame(index));
    for (let index = 0; index < (jump ?? 0); index++) response.write(this.#frame(index));
    for (let index = (jump ?? end) * 2; index < end; index++) response.write(this.#frame(index));
    const isEnd = end < this.lines.length && !this.isOld;
    if (isEnd || !isFollow || !this.isRunning) {
      if (isEnd || (isEndDamaged && end === this.lines.length)) this.#endAtDamage(response);
      else response.end();
      return;
    }
    const follow = { from, response };
    this.#follows.add(follow);
    response.on("close", () => this.#follows.delete(follow));
  }

  /** Of the last `tail` records one is damaged. */
  #comesToDamage(tail: number): boolean {
    const { length } = this.lines;
    const first = Math.max(0, length - tail);
    return this.damages.some((damage) => tail > 0 && damage > first);
  }

  /** The line that a tail begins with. */
  #beginOf(tail: number): number {
    const { length } = this.lines;
    if (this.isOld) {
      // A damaged record is one of the file's.
      const records: ("damage" | number)[] = [];
      for (let index = this.#first; index <= length; index++) {
        if (this.damages.includes(index)) records.push("damage");
        if (index < length) records.push(index);
      }
      const at = Math.max(0, records.length - tail);
      const first = records[at];
      if (first !== "damage") return first ?? length;
      const next = records.slice(at).find((record) => record !== "damage");
      return Math.min(length, (next ?? length) + LOST_WITH_DAMAGE);
    }
    // A damaged record is counted where the log ends with it.
    const isEndDamaged = this.damages.includes(length);
    return Math.max(this.#first, length + (isEndDamaged ? 1 : 0) - tail);
  }

  /** Where a read that begins at `from` ends. */
  #endOf(from: number): number {
    const damages = this.damages.filter((damage) => damage > from && damage < this.lines.length);
    return Math.min(...damages, this.lines.length);
  }

  #endAtDamage(response: ServerResponse): void {
    const message = this.isLocal
      ? "log message is too large (168194932 > 1000000)"
      : "invalid character '\\x00' looking for beginning of value";
    response.end(
      this.saysWhy || this.isLocal ? frame(3, `Error grabbing logs: ${message}\n`) : undefined,
    );
  }

  #frame(index: number): Buffer {
    return frame(1, `${this.timestamp(index)} ${this.lines[index]}\n`);
  }

  #inspection(): object {
    const options = this.maxSize === undefined ? {} : { "max-size": this.maxSize };
    return {
      Id: ID,
      Name: "/web",
      Created: this.timestamp(0),
      State: {
        Status: this.isRunning ? "running" : "exited",
        Running: this.isRunning,
        StartedAt: this.timestamp(0),
      },
      Config: { Image: "x", Labels: {}, Tty: false },
      HostConfig: { LogConfig: { Type: this.isLocal ? "local" : "json-file", Config: options } },
    };
  }
}

function notFound(response: ServerResponse): void {
  response.writeHead(404).end(JSON.stringify({ message: `No such container: ${ID}` }));
}

function frame(type: number, text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = type;
  head.writeUInt32BE(payload.length, 4);
  return Buffer.concat([head, payload]);
}
