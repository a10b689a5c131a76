import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import ssh2 from "ssh2";
import type { Connection, ServerChannel } from "ssh2";

import type { EngineOptions } from "../../src/index.ts";

export interface SshPeerOptions {
  /** What a command does; default: `docker system dial-stdio` of an engine at `socketPath`. */
  readonly execute?: (channel: ServerChannel) => void;
  /** Connections are accepted, and nothing is said. */
  readonly mute?: boolean;
}

const hostKey = makeKey();
const usersKey = makeKey();
/** A key that the peer does not know. */
export const strangersKey: string = makeKey();

function publicKey(key: string): Buffer {
  const parsed = ssh2.utils.parseKey(key);
  if (parsed instanceof Error) throw parsed;
  return parsed.getPublicSSH();
}

function isHostKey(key: Buffer): boolean {
  return key.equals(publicKey(hostKey));
}

/** A line of known_hosts. */
export function knownHost(port: number, key: string = hostKey): string {
  return `[127.0.0.1]:${port} ecdsa-sha2-nistp256 ${publicKey(key).toString("base64")}\n`;
}

/** A host with an ssh server, and an engine behind it. */
export class SshPeer implements AsyncDisposable {
  /** How many connections there ever were. */
  accepted = 0;
  readonly commands: Set<string> = new Set();
  readonly #server: ssh2.Server;
  readonly #connections = new Set<Connection>();

  private constructor(socketPath: string, { execute = dialing(socketPath), mute }: SshPeerOptions) {
    const known = publicKey(usersKey);
    const options = { hostKeys: [hostKey] };
    this.#server = new ssh2.Server(options, (connection) => {
      this.accepted++;
      this.#connections.add(connection);
      connection.on("close", () => this.#connections.delete(connection));
      // Clients that give up cut their connections.
      connection.on("error", () => {});
      connection.on("authentication", (attempt) => {
        if (mute === true) return;
        const isKnown = attempt.method === "publickey" && attempt.key.data.equals(known);
        if (isKnown) attempt.accept();
        else attempt.reject(["publickey"]);
      });
      connection.on("session", (accept) =>
        accept().on("exec", (acceptCommand, _reject, { command }) => {
          this.commands.add(command);
          const channel = acceptCommand();
          channel.on("error", () => {});
          execute(channel);
        }),
      );
    });
  }

  static async start(
    { socketPath = "" }: EngineOptions,
    options: SshPeerOptions = {},
  ): Promise<SshPeer> {
    const peer = new SshPeer(socketPath, options);
    peer.#server.listen(0, "127.0.0.1");
    await once(peer.#server, "listening");
    return peer;
  }

  /** How to connect to it. */
  get engine(): EngineOptions & { readonly host: string; readonly port: number } {
    const { port } = this.#server.address() as AddressInfo;
    const sshOptions = { privateKey: usersKey, hostVerifier: isHostKey };
    return { protocol: "ssh", host: "127.0.0.1", port, username: "me", sshOptions };
  }

  /** How many are open now. */
  get connections(): number {
    return this.#connections.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const connection of this.#connections) connection.end();
    await closed;
  }
}

/** One in two hundred of those that ssh2 makes can't be read; of RSA one takes long to make. */
function makeKey(): string {
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "prime256v1",
    privateKeyEncoding: { type: "sec1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return privateKey;
}

function dialing(socketPath: string): (channel: ServerChannel) => void {
  return (channel) => {
    const engine = connect(socketPath);
    engine.on("error", () => channel.close());
    engine.on("close", () => {
      channel.exit(0);
      channel.end();
    });
    channel.on("close", () => engine.destroy());
    channel.pipe(engine, { end: false });
    engine.pipe(channel, { end: false });
  };
}
