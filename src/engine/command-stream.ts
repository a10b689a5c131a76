import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { Duplex } from "node:stream";
import { isError, messageOf } from "../errors.ts";
import { SSH } from "./ssh-command.ts";
import { MAX_STDERR, sshFailure } from "./ssh-complaint.ts";
import { missing } from "./ssh-masters.ts";
import type { SshSession } from "./ssh-masters.ts";

/** A program that is told to end has so long. */
const END_WITHIN_MS = 2_000;

/** A way to the engine's socket through the system's ssh: its input and output. Closed when the program has ended. */
export class CommandStream extends Duplex {
  #child: ChildProcessWithoutNullStreams | undefined;
  /** What was written before there was a program. */
  #early: (() => void) | undefined;
  #stderr = "";
  #hasRead = false;

  /** `open`: waits for its turn on a connection. */
  constructor(open: () => Promise<SshSession>) {
    super({ allowHalfOpen: false });
    open().then(
      (session) => this.#opened(session),
      (error: unknown) => this.destroy(isError(error) ? error : new Error(messageOf(error))),
    );
  }

  override _read(): void {
    this.#child?.stdout.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, written: () => void): void {
    // What can't be written shows in how the program ends.
    const write = (): void => void this.#child?.stdin.write(chunk, encoding, () => written());
    if (this.#child === undefined) this.#early = write;
    else write();
  }

  override _final(done: () => void): void {
    this.#child?.stdin.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const child = this.#child;
    if (child === undefined || isOver(child)) return done(error);
    const timer = setTimeout(() => child.kill("SIGKILL"), END_WITHIN_MS);
    child.once("close", () => {
      clearTimeout(timer);
      done(error);
    });
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    child.kill();
  }

  #opened({ args, release }: SshSession): void {
    if (this.destroyed) {
      release();
      return;
    }
    const child = spawn(SSH, args, { stdio: "pipe", windowsHide: true });
    this.#child = child;
    child.stdout.on("data", (bytes: Buffer) => {
      this.#hasRead = true;
      if (!this.push(bytes)) child.stdout.pause();
    });
    child.stderr.on("data", (bytes: Buffer) => {
      this.#stderr = (this.#stderr + bytes.toString()).slice(0, MAX_STDERR);
    });
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on("error", () => {});
    child.once("error", (error) => this.destroy(missing(error)));
    child.once("exit", () => release());
    // Behind the last byte.
    child.once("close", (code) => {
      release();
      if (!this.destroyed) this.#ended(code);
    });
    this.#early?.();
    this.#early = undefined;
  }

  /** `code`: null where a signal has ended it. */
  #ended(code: number | null): void {
    // What it has said before it ended badly is still to be read.
    if (code === 0 || code === null || this.#hasRead) this.push(null);
    else this.destroy(sshFailure(code, this.#stderr));
  }
}

function isOver({ exitCode, signalCode, pid }: ChildProcessWithoutNullStreams): boolean {
  return exitCode !== null || signalCode !== null || pid === undefined;
}
