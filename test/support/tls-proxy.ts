import { randomBytes } from "node:crypto";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { promisify } from "node:util";
import { eventually } from "./fake-follow.ts";
import { freePort } from "./free-port.ts";

const run = promisify(execFile);
const HAPROXY = "/usr/sbin/haproxy";
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

export interface CertificateOptions {
  /** Whose authority signs it; default "ca". */
  readonly by?: string;
  readonly days?: number;
  /** As subjectAltName takes it. */
  readonly names?: string;
}

/** An authority and certificates, each in a folder as DOCKER_CERT_PATH wants it. */
export class Certificates implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Certificates> {
    const certificates = new Certificates(await mkdtemp(join(tmpdir(), "dockspool-tls-")));
    await certificates.authority("ca");
    return certificates;
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  async authority(name: string): Promise<void> {
    await mkdir(this.path(name));
    const files = ["-keyout", this.path(name, "ca.key"), "-out", this.path(name, "ca.pem")];
    await run("openssl", ["req", "-x509", ...KEY, ...files, "-subj", `/CN=${name}`, "-days", "2"]);
  }

  /** A folder with ca.pem, cert.pem, key.pem. */
  async make(
    name: string,
    { by = "ca", days = 2, names = "IP:127.0.0.1" }: CertificateOptions = {},
  ): Promise<string> {
    const folder = this.path(name);
    const at = (file: string): string => join(folder, file);
    await mkdir(folder, { recursive: true });
    await cp(this.path(by, "ca.pem"), at("ca.pem"));
    const request = ["-keyout", at("key.pem"), "-out", at("csr.pem"), "-subj", `/CN=${name}`];
    await run("openssl", ["req", ...KEY, ...request]);
    await writeFile(at("ext.cnf"), `subjectAltName=${names}\n`);
    const signed = ["-CA", this.path(by, "ca.pem"), "-CAkey", this.path(by, "ca.key")];
    // Several are made at once: each has a serial number of its own, without a file that they would share.
    const serial = `0x${randomBytes(8).toString("hex")}`;
    const out = ["-set_serial", serial, "-days", String(days), "-extfile", at("ext.cnf")];
    const files = ["-in", at("csr.pem"), "-out", at("cert.pem")];
    await run("openssl", ["x509", "-req", ...files, ...signed, ...out]);
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** TLS in front of an engine's socket, which asks for a certificate of its authority's: HAProxy, else Node.js. */
export interface TlsProxy extends AsyncDisposable {
  readonly port: number;
}

/** `folder`: what it has; `given`: its port, where that is not to be a free one. */
export async function startTlsProxy(
  folder: string,
  socketPath: string,
  given?: number,
): Promise<TlsProxy> {
  const port = given ?? (await freePort());
  return existsSync(HAPROXY)
    ? startHaproxy(folder, socketPath, port)
    : startNode(folder, socketPath, port);
}

async function startHaproxy(folder: string, socketPath: string, port: number): Promise<TlsProxy> {
  const [cert, key] = await Promise.all(
    ["cert.pem", "key.pem"].map((name) => readFile(join(folder, name), "utf8")),
  );
  await writeFile(join(folder, "both.pem"), `${cert}${key}`);
  const tls = `ssl crt ${join(folder, "both.pem")} ca-file ${join(folder, "ca.pem")} verify required`;
  const config = [
    "defaults",
    "  mode tcp",
    "  timeout connect 10s",
    "  timeout client 1h",
    "  timeout server 1h",
    "listen engine",
    `  bind 127.0.0.1:${port} ${tls}`,
    `  server engine unix@${socketPath}`,
  ];
  await writeFile(join(folder, "haproxy.cfg"), `${config.join("\n")}\n`);
  const child = spawn(HAPROXY, ["-db", "-f", join(folder, "haproxy.cfg")], { stdio: "ignore" });
  let isListening = false;
  await eventually(() => {
    const socket = connect(port, "127.0.0.1", () => {
      isListening = true;
      socket.destroy();
    });
    socket.on("error", () => {});
    return isListening;
  }, "HAProxy");
  return {
    port,
    async [Symbol.asyncDispose]() {
      const over = once(child, "exit");
      child.kill();
      await over;
    },
  };
}

async function startNode(folder: string, socketPath: string, port: number): Promise<TlsProxy> {
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map((name) => readFile(join(folder, name))),
  );
  const server = createServer({ ca, cert, key, requestCert: true }, (client) => {
    const engine = connect(socketPath);
    client.on("error", () => engine.destroy()).on("close", () => engine.destroy());
    engine.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.pipe(engine).pipe(client);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}
