import type { ServerResponse } from "node:http";
import type { Body } from "./body.ts";
import type { ContainerLog } from "./container-log.ts";
import type { LogEncoding } from "./log-encoding.ts";
import { K8sFileRead, POLL_MS } from "./k8s-file.ts";
import type { LogEntry } from "./log-entry.ts";
import type { LogFilter } from "./log-query.ts";

export interface LogResponseParts {
  readonly log: ContainerLog;
  readonly response: ServerResponse;
  readonly body: Pick<Body, "write" | "end">;
  readonly filter: LogFilter;
  readonly encoding: LogEncoding;
  /** Index of the first entry to look at. */
  readonly from: number;
  /** True: goes on until `stop()`. */
  readonly live: boolean;
  /** Podman's `k8s-file` is read as it is. */
  readonly k8sFile: { readonly hasTail: boolean; readonly follows: boolean } | undefined;
  /** This many entries before the end of the log, the response ends. */
  readonly endEarly: number;
}

/**
 * One open log response: an index into the log, moved on as far as the client takes it. Nothing is buffered but
 * what the socket holds.
 */
export class LogResponse {
  readonly #parts: LogResponseParts;
  readonly #raw: { at: number; bytes: Uint8Array }[] = [];
  readonly live: boolean;
  #index: number;
  /** Where the log ends for this response; undefined while it is live. */
  #end: number | undefined;
  readonly #k8sFile: K8sFileRead | undefined;
  /** Where the log ended when this response began. */
  readonly #tailEnd: number;
  #exit: NodeJS.Timeout | undefined;
  #state: "flowing" | "blocked" | "stalled" | "over" = "flowing";

  constructor(parts: LogResponseParts) {
    this.#parts = parts;
    this.live = parts.live;
    this.#index = parts.from;
    this.#end = parts.live ? undefined : parts.log.entries.length;
    this.#tailEnd = parts.log.entries.length;
    const { k8sFile } = parts;
    if (k8sFile !== undefined) {
      // Where there is no tail, the first end of the log is that of a plain read.
      if (k8sFile.hasTail || k8sFile.follows) this.#end = undefined;
      this.#k8sFile = new K8sFileRead(k8sFile, () => this.#opened());
    }
    const flow = (): void => {
      if (this.#state !== "blocked") return;
      this.#state = "flowing";
      this.pump();
    };
    parts.response.on("drain", flow);
    // Behind another response on its connection it would be buffered, and Node would stop reading the connection.
    if (parts.response.socket === null) {
      this.#state = "blocked";
      parts.response.once("socket", flow);
    }
  }

  /** Sends what there is, as far as the client takes it. */
  pump(): void {
    const { log, body, filter, encoding } = this.#parts;
    while (this.#state === "flowing") {
      // The files that it began with are held; behind them a follow is overtaken without a word.
      const isBehindTail = this.live && this.#index >= this.#tailEnd;
      if (isBehindTail && this.#index < log.base) this.#index = log.base;
      if (this.#k8sFile?.isInHole === true && this.#index >= this.#tailEnd) {
        this.#index = log.entries.length;
        return;
      }
      const raw = this.#raw[0];
      if (raw !== undefined && raw.at <= this.#index) {
        this.#raw.shift();
        this.#send(body.write(raw.bytes));
        continue;
      }
      const end = (this.#end ?? log.entries.length) - this.#parts.endEarly;
      const entry = this.#index < end ? log.entries[this.#index] : undefined;
      if (entry === undefined) {
        if (this.#end !== undefined && this.#exit === undefined) this.#finish();
        return;
      }
      this.#index += 1;
      if (filter.isPast(entry)) this.#finish();
      else if (filter.passes(entry)) this.#send(body.write(encoding.encode(this.#shown(entry))));
    }
  }

  /** Bytes as they are, behind what is in the log now. */
  writeRaw(bytes: Uint8Array): void {
    if (!this.live || this.#end !== undefined || this.#state === "stalled") return;
    this.#raw.push({ at: this.#parts.log.entries.length, bytes: Uint8Array.from(bytes) });
  }

  /** The container stopped: ends behind what is in the log now. */
  stop(): void {
    if (this.#k8sFile === undefined) {
      this.#end ??= this.#parts.log.entries.length;
      this.pump();
      return;
    }
    if (!this.live) return;
    // What it has not sent by now is left out, but for the last entry.
    const { length } = this.#parts.log.entries;
    this.#index = Math.max(this.#index, length - 1);
    this.#end ??= length;
    this.pump();
    this.#linger();
  }

  stall(): void {
    this.pump();
    if (this.#state !== "over") this.#state = "stalled";
  }

  /** The client is gone. */
  close(): void {
    clearTimeout(this.#exit);
    this.#state = "over";
  }

  /** What was written while it was opened is in no part of it. */
  #opened(): void {
    if (!this.live) this.#end ??= this.#parts.log.entries.length;
    if (!this.live && this.#parts.k8sFile?.follows === true) this.#linger();
    this.pump();
  }

  /** Until it looks at its container again, which has exited. */
  #linger(): void {
    this.#exit ??= setTimeout(() => {
      this.#exit = undefined;
      this.pump();
    }, POLL_MS);
  }

  #shown(entry: LogEntry): LogEntry {
    const isLast = this.#index === this.#parts.log.entries.length;
    return this.#k8sFile?.show(entry, isLast, this.#index > this.#tailEnd) ?? entry;
  }

  #send(goOn: boolean): void {
    if (!goOn) this.#state = "blocked";
  }

  #finish(): void {
    this.#state = "over";
    this.#parts.body.end();
  }
}
