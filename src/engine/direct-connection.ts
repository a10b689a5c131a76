import type { Socket } from "node:net";
import { Coalescer } from "./coalescer.ts";

/** Read into by every socket: what comes is taken, or copied, before the next read. */
const READ_BYTES = 64 * 1024;
const shared = Buffer.allocUnsafeSlow(READ_BYTES);
const coalescer = new Coalescer();
/** A read so soon after the one before shows a busy stream … */
const BUSY_MS = 2;
/** … and one that filled so much of the buffer that more is waiting already. */
const MUCH_BYTES = READ_BYTES / 2;
/** Where a status begins in "HTTP/1.1 103 Early Hints": another head follows one of its kind. */
const STATUS_AT = 9;
const INFORMATIONAL = 0x31;
const HEAD_END = Buffer.from("\r\n\r\n", "latin1");

/** What Node's sockets do with `onread`: the bytes are in `buffer`, and `false` ends reading until `resume()`. */
export interface OnRead {
  readonly buffer: Uint8Array;
  readonly callback: (bytes: number, buffer: Uint8Array) => boolean;
}

/** Node's HTTP client, which is shown the head. */
export interface HeadReader {
  /** False where it wants no more for now. */
  readonly head: (bytes: Buffer) => boolean;
  /** The peer sends no more, and the head is not whole. */
  readonly ended: () => void;
  readonly failed: (error: Error) => void;
  readonly closed: () => void;
}

/** Takes what comes behind a response's head, in place of Node's parser. */
export interface Receiver {
  /** The bytes are valid until it returns; a promise pauses the socket until it resolves, and must not reject. */
  readonly data: (bytes: Buffer) => void | Promise<void>;
  /** The peer sends no more. */
  readonly end: () => void;
  /** The connection is gone, by an error or because it was destroyed here. */
  readonly broken: () => void;
}

/**
 * A socket on which one response comes: its head for Node's HTTP client, its body for a `Receiver`. The engine sends one chunk for each
 * line, and for each of them Node's parser would call back.
 */
export class DirectConnection {
  readonly socket: Socket;
  /** Undefined once the body is taken over: nothing of the request is kept from then on. */
  #head: HeadReader | undefined;
  #receiver: Receiver | undefined;
  #coalesces = false;
  #isTaking = false;
  /** Of the body, and came before there was a receiver, or while it was taking. */
  #early: Buffer[] = [];
  /** How many bytes of the head's end came. */
  #headEnd = 0;
  /** Bytes of the head so far, and the first digit of its status. */
  #headBytes = 0;
  #statusClass = 0;
  #state: "open" | "ended" | "broken" = "open";
  #isClosed = false;
  #lastReadAt = -Infinity;
  readonly #goOn = (): void => void this.socket.resume();

  /** `connect` makes the socket, with these options for its reads. */
  constructor(connect: (onread: OnRead) => Socket, head: HeadReader) {
    this.#head = head;
    this.socket = connect({
      buffer: shared,
      callback: (bytes) => this.#received(shared.subarray(0, bytes)),
    });
    this.socket.on("end", () => this.#peerEnded());
    this.socket.on("error", (error) => this.#failed(error));
    this.socket.on("close", () => this.#closeCame());
  }

  /** Node's HTTP client has the head, and is not needed any more. */
  detach(): void {
    this.#head = undefined;
  }

  /** Takes over the body, from its first byte. `coalesce`: where it comes often, reads of it may wait for a millisecond. */
  divert(receiver: Receiver, { coalesce }: { readonly coalesce: boolean }): void {
    this.#receiver = receiver;
    this.#coalesces = coalesce;
    this.#takeEarly();
  }

  /** The head is wanted. */
  resume(): void {
    if (this.#receiver === undefined && !this.#hasHead) this.socket.resume();
  }

  /** Resolves once the socket is closed. What Node says of it (`closed`) is so before its descriptor is. */
  closed(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => void this.socket.once("close", resolve));
  }

  destroy(): void {
    this.#state = "broken";
    this.#early = [];
    this.socket.destroy();
  }

  /** False stops reading. */
  #received(bytes: Buffer): boolean {
    if (this.#state === "broken") return false;
    const receiver = this.#receiver;
    if (receiver === undefined) return this.#readHead(bytes);
    if (this.#isTaking) {
      this.#early.push(Buffer.from(bytes));
      return false;
    }
    if (!this.#give(receiver, bytes)) return false;
    if (!this.#coalesces) return true;
    const now = performance.now();
    const isBusy = now - this.#lastReadAt < BUSY_MS && bytes.length < MUCH_BYTES;
    this.#lastReadAt = now;
    if (isBusy) coalescer.wait(this.#goOn);
    return !isBusy;
  }

  /** Hands the head to Node's parser, and keeps what follows it. */
  #readHead(bytes: Buffer): boolean {
    let at = 0;
    while (at < bytes.length && !this.#hasHead) {
      const byte = bytes[at++];
      if (this.#headBytes++ === STATUS_AT) this.#statusClass = byte ?? 0;
      if (byte === HEAD_END[this.#headEnd]) this.#headEnd++;
      else this.#headEnd = byte === HEAD_END[0] ? 1 : 0;
      if (this.#hasHead && this.#statusClass === INFORMATIONAL) this.#headEnd = this.#headBytes = 0;
    }
    if (at < bytes.length) this.#early.push(Buffer.from(bytes.subarray(at)));
    const goesOn = at === 0 || this.#head?.head(Buffer.from(bytes.subarray(0, at))) === true;
    return goesOn && !this.#hasHead;
  }

  #takeEarly(): void {
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    if (this.#state === "broken") return receiver.broken();
    for (let bytes = this.#early.shift(); bytes !== undefined; bytes = this.#early.shift()) {
      if (!this.#give(receiver, bytes)) return;
    }
    if (this.#state === "ended") receiver.end();
    else this.socket.resume();
  }

  /** False where the receiver takes its time. */
  #give(receiver: Receiver, bytes: Buffer): boolean {
    const taken = receiver.data(bytes);
    if (taken === undefined) return this.#state !== "broken";
    this.#isTaking = true;
    void taken.then(() => {
      this.#isTaking = false;
      this.#takeEarly();
    });
    return false;
  }

  #peerEnded(): void {
    this.#state = "ended";
    if (!this.#hasHead) this.#head?.ended();
    else if (!this.#isHolding) this.#receiver?.end();
  }

  #failed(error: Error): void {
    this.#state = "broken";
    this.#early = [];
    this.#head?.failed(error);
    this.#receiver?.broken();
  }

  #closeCame(): void {
    this.#isClosed = true;
    if (this.#state === "open") this.#state = "broken";
    if (!this.#isHolding) this.#head?.closed();
    if (this.#state === "broken") this.#receiver?.broken();
  }

  get #hasHead(): boolean {
    return this.#headEnd === HEAD_END.length;
  }

  /** Some of the body is still to be taken; its end is the receiver's to know. */
  get #isHolding(): boolean {
    return (
      this.#hasHead && (this.#receiver === undefined || this.#isTaking || this.#early.length > 0)
    );
  }
}
