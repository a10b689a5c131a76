import { Duplex } from "node:stream";
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
interface OnRead {
  readonly buffer: Uint8Array;
  readonly callback: (bytes: number, buffer: Uint8Array) => boolean;
}

/** Takes what comes behind a response's head, in place of Node's parser. */
export interface Receiver {
  /** The bytes are valid until it returns; a promise pauses the socket until it resolves, and must not reject. */
  readonly data: (bytes: Buffer) => void | Promise<void>;
  /** The peer sends no more. */
  readonly end: () => void;
}

/**
 * A connection of which Node's HTTP client sees the response's head alone. The body goes to a `Receiver`: the engine sends one
 * chunk for each line, and for each of them Node's parser would call back.
 */
export class DirectSocket extends Duplex {
  readonly #socket: Socket;
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
  #isEnded = false;
  #lastReadAt = -Infinity;
  readonly #goOn = (): void => void this.#socket.resume();

  /** `connect` makes the socket beneath it, with these options for its reads. */
  constructor(connect: (onread: OnRead) => Socket) {
    super({ allowHalfOpen: false });
    this.#socket = connect({
      buffer: shared,
      callback: (bytes) => this.#received(shared.subarray(0, bytes)),
    });
    this.#socket.on("end", () => this.#peerEnded());
    this.#socket.on("error", (error) => this.destroy(error));
    this.#socket.on("close", () => {
      if (!this.#isHolding) this.destroy();
    });
  }

  /** Takes over the body, from its first byte. `coalesce`: where it comes often, reads of it may wait for a millisecond. */
  divert(receiver: Receiver, { coalesce }: { readonly coalesce: boolean }): void {
    this.#receiver = receiver;
    this.#coalesces = coalesce;
    this.#takeEarly();
  }

  override _read(): void {
    if (this.#receiver === undefined) this.#socket.resume();
  }

  override _write(
    chunk: Buffer,
    encoding: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this.#socket.write(chunk, encoding, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#early = [];
    if (this.#socket.closed) return callback(error);
    this.#socket.once("close", () => callback(error));
    this.#socket.destroy();
  }

  /** False stops reading. */
  #received(bytes: Buffer): boolean {
    if (this.destroyed) return false;
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
    const goesOn = at === 0 || this.push(Buffer.from(bytes.subarray(0, at)));
    return goesOn && !this.#hasHead;
  }

  #takeEarly(): void {
    const receiver = this.#receiver;
    if (receiver === undefined || this.destroyed) return;
    for (let bytes = this.#early.shift(); bytes !== undefined; bytes = this.#early.shift()) {
      if (!this.#give(receiver, bytes)) return;
    }
    if (this.#isEnded) receiver.end();
    else this.#socket.resume();
  }

  /** False where the receiver takes its time. */
  #give(receiver: Receiver, bytes: Buffer): boolean {
    const taken = receiver.data(bytes);
    if (taken === undefined) return !this.destroyed;
    this.#isTaking = true;
    void taken.then(() => {
      this.#isTaking = false;
      this.#takeEarly();
    });
    return false;
  }

  #peerEnded(): void {
    this.#isEnded = true;
    if (!this.#hasHead) this.push(null);
    else if (!this.#isHolding) this.#receiver?.end();
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
