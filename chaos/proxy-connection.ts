import { connect } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { NetworkFault, Target } from "./plan.ts";
import type { ChaosProxy } from "./proxy.ts";
import { RequestHeads } from "../test/support/request-heads.ts";
import { askedBy } from "./asked.ts";
import type { Asked } from "./asked.ts";
import { answerOf } from "./strangers.ts";

const HEAD_END = "\r\n\r\n";
/** So many single bytes, then a pause of a millisecond. */
const SINGLE_BYTES = 12;
const MOST_QUEUED_BYTES = 200_000;

type Silence =
  /** Nothing comes any more. */
  | "for ever"
  /** Nothing comes until the fault ends. */
  | NetworkFault;

interface Piece {
  readonly bytes: Buffer;
  readonly at: number;
}

/** One connection of the collector, with the engine's side of it. */
export class Connection {
  readonly #client: Socket;
  readonly #engine: Socket;
  readonly #proxy: ChaosProxy;
  readonly #heads = new RequestHeads();
  readonly #queue: Piece[] = [];
  #asked: Asked | undefined;
  #closeReader: (() => void) | undefined;
  #silence: Silence | undefined;
  /** Bytes of answers that may still pass. */
  #left = Infinity;
  /** The next answer's head passes, and no more of it. */
  #withholdsBody: NetworkFault | undefined;
  #head = "";
  #isPumping = false;
  #engineIsOver = false;
  #idle: { readonly timer: NodeJS.Timeout; readonly fault: NetworkFault } | undefined;
  #wake: (() => void) | undefined;

  constructor(client: Socket, target: string, proxy: ChaosProxy) {
    this.#client = client;
    this.#proxy = proxy;
    this.#engine = connect(target);
    client.setNoDelay(true);
    client.on("error", () => client.destroy());
    client.on("data", (chunk: Buffer) => this.#sent(chunk));
    client.once("end", () => this.cut());
    client.once("close", () => {
      this.#engine.destroy();
      if (this.#idle !== undefined) clearTimeout(this.#idle.timer);
      this.#endReader();
      this.#wake?.();
    });
    this.#engine.on("error", () => this.#engine.destroy());
    this.#engine.on("data", (chunk: Buffer) => this.#answered(chunk));
    this.#engine.once("close", () => {
      this.#engineIsOver = true;
      this.#endReader();
      void this.#pump();
    });
    for (const fault of proxy.faults) this.#beginNew(fault);
  }

  cut(): void {
    this.#client.destroy();
    this.#engine.destroy();
  }

  /** Of a connection that is there already. */
  begin(fault: NetworkFault): void {
    if (fault.kind === "idle limit") return this.#beginNew(fault);
    if (!this.#isStruck(fault)) return;
    switch (fault.kind) {
      case "cut":
        return this.cut();
      case "reset mid-frame":
        this.#left = this.#proxy.random.whole(1, 60);
        return;
      case "half-open":
      case "events die":
        return this.#vanish();
      default:
    }
  }

  end(fault: NetworkFault): void {
    if (this.#silence === fault) {
      this.#silence = undefined;
      void this.#pump();
    }
    if (this.#withholdsBody === fault) this.#withholdsBody = undefined;
    if (this.#idle?.fault === fault) {
      clearTimeout(this.#idle.timer);
      this.#idle = undefined;
    }
  }

  #beginNew(fault: NetworkFault): void {
    if (fault.kind !== "idle limit") return;
    if (this.#idle !== undefined) clearTimeout(this.#idle.timer);
    this.#idle = { fault, timer: setTimeout(() => this.cut(), fault.idleMs) };
  }

  /** The engine's side is gone, and the client is not told. */
  #vanish(): void {
    this.#silence = "for ever";
    this.#queue.length = 0;
    this.#engine.destroy();
  }

  #isStruck(fault: NetworkFault): boolean {
    if (fault.kind === "events die") return this.#asked?.target === "events";
    const target: Target = "target" in fault ? fault.target : "all";
    return target === "all" || this.#asked?.target === target;
  }

  #sent(chunk: Buffer): void {
    this.#idle?.timer.refresh();
    const asked = this.#heads.push(chunk).map(askedBy);
    const last = asked.at(-1);
    if (last !== undefined) {
      this.#asked = last;
      this.#endReader();
      if (this.#strike()) return;
      if (last.container !== undefined)
        this.#closeReader = this.#proxy.readers.open(last.container);
    }
    if (this.#silence !== undefined && this.#engine.destroyed) return;
    this.#engine.write(chunk);
  }

  /** What the faults in force do to a request that comes now. True: it does not reach the engine. */
  #strike(): boolean {
    this.#left = Infinity;
    this.#head = "";
    this.#withholdsBody = undefined;
    for (const fault of this.#proxy.faults) {
      if (!this.#isStruck(fault)) continue;
      switch (fault.kind) {
        case "cut":
          this.#left = this.#proxy.random.whole(0, fault.mostBytes);
          if (this.#left > 0) break;
          this.cut();
          return true;
        case "headers withheld":
          if (fault.isForEver) {
            this.#vanish();
            return true;
          }
          this.#silence = fault;
          break;
        case "bodies withheld":
          this.#withholdsBody = fault;
          break;
        case "status":
        case "redirect":
        case "another server":
          this.#engine.destroy();
          this.#silence = "for ever";
          this.#client.end(answerOf(fault));
          return true;
        case "events die":
          this.#vanish();
          return true;
        default:
      }
    }
    return false;
  }

  #answered(chunk: Buffer): void {
    this.#idle?.timer.refresh();
    if (this.#silence === "for ever") return;
    this.#queue.push({ bytes: chunk, at: performance.now() });
    if (this.#queuedBytes > MOST_QUEUED_BYTES) this.#engine.pause();
    void this.#pump();
  }

  get #queuedBytes(): number {
    return this.#queue.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.#client.destroyed && this.#silence === undefined) {
      const piece = this.#queue.shift();
      if (piece === undefined) break;
      await this.#pass(piece);
      if (this.#queuedBytes <= MOST_QUEUED_BYTES / 2 && this.#engine.isPaused())
        this.#engine.resume();
    }
    this.#isPumping = false;
    if (this.#silence !== undefined || this.#client.destroyed) return;
    if (this.#engineIsOver && this.#queue.length === 0) {
      if (this.#engine.readableEnded) this.#client.end();
      else this.#client.destroy();
    }
  }

  async #pass({ bytes, at }: Piece): Promise<void> {
    const waitMs = this.#delayMs - (performance.now() - at);
    if (waitMs > 0) await delay(waitMs, undefined, { ref: false });
    let rest = this.#withheld(bytes);
    while (rest.length > 0 && !this.#client.destroyed) {
      if (this.#silence !== undefined) {
        this.#queue.unshift({ bytes: rest, at });
        return;
      }
      const isSlow = this.#isSlow;
      const piece = rest.subarray(0, Math.min(isSlow ? 1 : rest.length, this.#left));
      rest = rest.subarray(piece.length);
      this.#left -= piece.length;
      const isTaken = this.#client.write(piece);
      if (this.#left === 0) {
        // What was written last is still sent.
        await delay(1, undefined, { ref: false });
        if (this.#client.remoteAddress === undefined) this.#client.destroy();
        else this.#client.resetAndDestroy();
        this.#engine.destroy();
        return;
      }
      if (isSlow && rest.length % SINGLE_BYTES === 0) await delay(1, undefined, { ref: false });
      if (!isTaken) await this.#drained();
    }
  }

  /** Of an answer whose body is held back: its head; the rest waits. */
  #withheld(bytes: Buffer): Buffer {
    const fault = this.#withholdsBody;
    if (fault?.kind !== "bodies withheld") return bytes;
    const before = this.#head.length;
    this.#head += bytes.toString("latin1");
    const end = this.#head.indexOf(HEAD_END);
    if (end === -1) return bytes;
    const headBytes = Math.max(0, end + HEAD_END.length - before);
    const head = bytes.subarray(0, headBytes);
    if (fault.isForEver) {
      if (head.length > 0) this.#client.write(head);
      this.#vanish();
      return Buffer.alloc(0);
    }
    this.#withholdsBody = undefined;
    if (head.length > 0) this.#client.write(head);
    this.#silence = fault;
    return bytes.subarray(headBytes);
  }

  get #delayMs(): number {
    let most = 0;
    for (const fault of this.#proxy.faults)
      if (fault.kind === "delay" && this.#isStruck(fault)) most = Math.max(most, fault.delayMs);
    return most;
  }

  get #isSlow(): boolean {
    for (const fault of this.#proxy.faults)
      if (fault.kind === "single bytes" && this.#isStruck(fault)) return true;
    return false;
  }

  async #drained(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#client.once("drain", resolve);
    });
    this.#wake = undefined;
  }

  #endReader(): void {
    this.#closeReader?.();
    this.#closeReader = undefined;
  }
}
