import { connect } from "node:net";
import type { Socket } from "node:net";
import { Duplex, Readable } from "node:stream";
import { isError, messageOf } from "../errors.ts";
import { withHostKeys } from "./host-keys.ts";
import type { SshConfig } from "./host-keys.ts";
import { MAX_STDERR, SSH_OPTIONS, SSH_REFUSED, commandFailure, sshError } from "./ssh-complaint.ts";

/**
 * A way to the engine's socket by ssh, on a connection of its own that docker-modem makes. ssh2's channels tell of their close
 * but once, and not before their last byte was taken; this is a stream like any other, closed as soon as it is destroyed.
 */
export class SshStream extends Duplex {
  #channel: Duplex | undefined;
  /** What was written before there was a channel. */
  #early: (() => void) | undefined;
  #complaint = "";

  constructor(config: SshConfig) {
    super({ allowHalfOpen: false });
    void this.#connect(config);
  }

  override _read(): void {
    this.#channel?.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, written: () => void): void {
    const write = (): void => void this.#channel?.write(chunk, encoding, written);
    if (this.#channel === undefined) this.#early = write;
    else write();
  }

  override _final(done: () => void): void {
    this.#channel?.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#channel !== undefined) drop(this.#channel);
    done(error);
  }

  /** Never rejects. */
  async #connect(given: SshConfig): Promise<void> {
    let socket: Socket | undefined;
    try {
      const [{ config, refusal }, { default: sshAgent }] = await Promise.all([
        withHostKeys(given),
        import("docker-modem/lib/ssh.js"),
      ]);
      if (this.destroyed) return;
      socket = config["sock"] === undefined ? socketFor(config) : undefined;
      const own = socket && { sock: socket };
      sshAgent({ ...config, ...own }).createConnection({}, (error, channel) => {
        if (isError(error)) this.destroy(refusal() ?? named(error));
        else if (channel instanceof Duplex) this.#connected(channel);
      });
    } catch (error) {
      // A key that can't be read, for one: ssh2 has not begun.
      socket?.destroy();
      this.destroy(sshError(SSH_OPTIONS, messageOf(error), error));
    }
  }

  #connected(channel: Duplex): void {
    if (this.destroyed) {
      drop(channel);
      return;
    }
    this.#channel = channel;
    channel.on("data", (bytes: Buffer) => {
      if (!this.push(bytes)) channel.pause();
    });
    stderrOf(channel)?.on("data", (bytes: Buffer) => {
      this.#complaint = (this.#complaint + bytes.toString()).slice(0, MAX_STDERR);
    });
    // Behind the last byte.
    channel.once("close", (code: unknown) => this.#ended(code));
    this.#early?.();
    this.#early = undefined;
  }

  #ended(code: unknown): void {
    if (code === 0 || typeof code !== "number") {
      this.push(null);
      return;
    }
    this.destroy(commandFailure(code, this.#complaint));
  }
}

/** As ssh2 makes one, but each of its packets is sent at once: behind another one it would wait for 40 ms and more, until that is acknowledged. */
function socketFor(config: SshConfig): Socket {
  const { host, port = 22, localAddress, localPort, forceIPv4, forceIPv6, timeout } = config;
  const family = forceIPv4 === forceIPv6 ? 0 : forceIPv4 === true ? 4 : 6;
  return connect({
    ...(typeof localAddress === "string" && { localAddress }),
    ...(typeof localPort === "number" && { localPort }),
    ...(typeof timeout === "number" && { timeout }),
    host: String(host),
    port: Number(port),
    family,
    noDelay: true,
  });
}

/** docker-modem ends the connection when the channel is closed, which it is when all has been read. */
function drop(channel: Duplex): void {
  channel.removeAllListeners("data");
  channel.resume();
  stderrOf(channel)?.resume();
  channel.destroy();
}

function stderrOf(channel: Duplex): Readable | undefined {
  const stderr: unknown = Reflect.get(channel, "stderr");
  return stderr instanceof Readable ? stderr : undefined;
}

/** As `failures.ts` knows it. */
function named(error: Error): Error {
  const isAuthentication = Reflect.get(error, "level") === "client-authentication";
  return isAuthentication ? Object.assign(error, { code: SSH_REFUSED }) : error;
}
