import { execFile } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { Server } from "./server.ts";

const VERSIONS = "/usr/lib/postgresql";

/** The folder of the newest installed server's programs. */
export function postgresPrograms(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  const folders = readdirSync(VERSIONS)
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(VERSIONS, version, "bin"));
  return folders.find((folder) => existsSync(join(folder, "initdb")));
}

/** It refuses to be root: then it is the user that Debian's package has made. */
function ownUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [, uid, gid] =
    /^postgres:[^:]*:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8")) ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

/** A PostgreSQL with a database of its own, behind a unix socket in its folder. */
export class PostgresServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #prefix: readonly string[];
  readonly #programs: string;
  readonly #pools: pg.Pool[] = [];

  private constructor(programs: string) {
    const user = ownUser();
    this.#programs = programs;
    this.#server = new Server(user);
    this.#prefix =
      user === undefined
        ? []
        : ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"];
  }

  static async start(): Promise<PostgresServer> {
    const postgres = new PostgresServer(postgresPrograms() ?? "");
    try {
      const settings = [
        "--no-sync",
        "--auth=trust",
        "--username=postgres",
        "--encoding=UTF8",
        "--no-locale",
      ];
      const [command = "", ...args] = postgres.#command("initdb", ...settings);
      await promisify(execFile)(command, args, { cwd: "/" });
      await postgres.run();
    } catch (error) {
      await postgres.#server[Symbol.asyncDispose]();
      throw error;
    }
    return postgres;
  }

  /** How `pg` gets there. */
  get connection(): pg.PoolConfig {
    return { host: this.#server.directory, user: "postgres", database: "postgres" };
  }

  /** Ends with the server. */
  pool(): pg.Pool {
    const pool = new pg.Pool({ ...this.connection, max: 2 });
    pool.on("error", () => {});
    this.#pools.push(pool);
    return pool;
  }

  async run(): Promise<void> {
    const settings = ["listen_addresses=", `unix_socket_directories=${this.#server.directory}`];
    const quick = ["fsync=off", "shared_buffers=16MB", "max_connections=20"];
    const options = [...settings, ...quick].flatMap((setting) => ["-c", setting]);
    const [command = "", ...args] = this.#command("postgres", ...options);
    await this.#server.run(command, args, () => this.#answers());
  }

  /** As a crash: without waiting for anybody. */
  async stop(): Promise<void> {
    await this.#server.stop("SIGQUIT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.end()));
    // The fast way: it waits for no client.
    await this.#server.stop("SIGINT");
    await this.#server[Symbol.asyncDispose]();
  }

  #command(program: string, ...options: readonly string[]): string[] {
    return [
      ...this.#prefix,
      join(this.#programs, program),
      "-D",
      this.#server.path("data"),
      ...options,
    ];
  }

  async #answers(): Promise<boolean> {
    const client = new pg.Client(this.connection);
    try {
      await client.connect();
      await client.query("SELECT 1");
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => {});
    }
  }
}
