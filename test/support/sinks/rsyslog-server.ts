import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { Server, programNamed } from "./server.ts";

export function rsyslogProgram(): string | undefined {
  return programNamed("rsyslogd");
}

/** rsyslog, where it has its driver for TLS: Debian's package rsyslog-gnutls. */
export function rsyslogProgramWithTls(): string | undefined {
  const hasDriver = readdirSync("/usr/lib").some((folder) =>
    existsSync(join("/usr/lib", folder, "rsyslog/lmnsd_gtls.so")),
  );
  return hasDriver ? rsyslogProgram() : undefined;
}

export interface RsyslogOptions {
  /** RFC 5425. A folder with ca.pem, cert.pem and key.pem; clients must show a certificate of that authority. */
  readonly tls?: string;
}

/** What rsyslog has understood of a message. */
export interface SyslogMessage {
  readonly pri: string;
  readonly time: string;
  readonly host: string;
  readonly app: string;
  readonly process: string;
  readonly id: string;
  readonly data: string;
  readonly text: string;
}

const PROPERTIES: Readonly<Record<keyof SyslogMessage, string>> = {
  pri: "pri",
  time: "timereported:::date-rfc3339",
  host: "hostname",
  app: "app-name",
  process: "procid",
  id: "msgid",
  data: "structured-data:::json",
  text: "msg:::json",
};

/** An rsyslog that takes messages over TCP, and writes what it has understood to a file. */
export class RsyslogServer implements AsyncDisposable {
  readonly #server = new Server();
  readonly #options: RsyslogOptions;
  port = 0;

  private constructor(options: RsyslogOptions) {
    this.#options = options;
  }

  static async start(options: RsyslogOptions = {}): Promise<RsyslogServer> {
    const rsyslog = new RsyslogServer(options);
    try {
      rsyslog.port = await freePort();
      writeFileSync(rsyslog.#server.path("rsyslog.conf"), rsyslog.#configuration());
      await rsyslog.run();
    } catch (error) {
      await rsyslog[Symbol.asyncDispose]();
      throw error;
    }
    return rsyslog;
  }

  async run(): Promise<void> {
    const { path } = { path: (name: string) => this.#server.path(name) };
    const args = ["-n", "-C", "-f", path("rsyslog.conf"), "-i", path("data/rsyslogd.pid")];
    await this.#server.run(rsyslogProgram() ?? "", args, () => this.#answers());
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  get messages(): SyslogMessage[] {
    const path = this.#server.path("messages");
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
    return lines.map((line): SyslogMessage => JSON.parse(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  #configuration(): string {
    const fields = Object.entries(PROPERTIES).map(
      ([name, property]) => `"${name}":"%${property}%"`,
    );
    const template = `{${fields.join(",")}}\\n`.replaceAll('"', '\\"');
    const { tls } = this.#options;
    const material =
      tls === undefined
        ? ""
        : `defaultNetstreamDriverCAFile="${tls}/ca.pem" defaultNetstreamDriverCertFile="${tls}/cert.pem"
  defaultNetstreamDriverKeyFile="${tls}/key.pem"`;
    const driver =
      tls === undefined
        ? ""
        : `streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid"`;
    return `
global(workDirectory="${this.#server.path("data")}" maxMessageSize="256k" ${material}
  parser.escapeControlCharactersOnReceive="off")
module(load="imtcp" ${driver})
template(name="understood" type="string" string="${template}")
input(type="imtcp" address="127.0.0.1" port="${this.port}")
action(type="omfile" file="${this.#server.path("messages")}" template="understood")
`;
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
  }
}
