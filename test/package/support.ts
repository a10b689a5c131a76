import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The repository. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url));

const run = promisify(execFile);
const consumer = fileURLToPath(new URL("consumer", import.meta.url));
/** Longer than a registry that answers needs; without one, npm gives up after it. */
const INSTALL_TIMEOUT_MS = 60_000;

/** What is there for those who use `dockspool/prometheus`, `dockspool/opentelemetry` and `dockspool/nats`. */
const peers = [
  "prom-client",
  "@opentelemetry/api",
  "@nats-io/jetstream",
  "@nats-io/kv",
  "@nats-io/transport-node",
];

/** A project that has nothing but the packed package, in a directory of its own. */
export class Project implements AsyncDisposable {
  readonly directory: string;
  /** What `npm pack` put into the tarball. */
  readonly files: readonly string[];

  private constructor(directory: string, files: readonly string[]) {
    this.directory = directory;
    this.files = files;
  }

  /** Packs the package, which builds it, and installs the tarball. */
  static async create(): Promise<Project> {
    const directory = await mkdtemp(join(tmpdir(), "dockspool-package-"));
    try {
      const { stdout } = await npm(["pack", "--json", "--pack-destination", directory], root);
      const [packed] = packedFrom(stdout);
      if (packed === undefined) throw new Error(`npm pack said ${stdout}`);
      await writeFile(join(directory, "package.json"), JSON.stringify({ private: true }));
      await install(directory, join(directory, packed.filename));
      await cp(consumer, directory, { recursive: true });
      return new Project(
        directory,
        packed.files.map(({ path }) => path),
      );
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  path(...names: readonly string[]): string {
    return join(this.directory, ...names);
  }

  /** Of the package as it is installed. */
  read(path: string): Promise<string> {
    return readFile(this.path("node_modules/dockspool", path), "utf8");
  }

  /** Installs what only some of the entry points need: this repository's own copies. */
  async installPeers(): Promise<void> {
    for (const scope of ["@opentelemetry", "@nats-io"])
      await mkdir(this.path("node_modules", scope), { recursive: true });
    for (const name of peers)
      await symlink(join(root, "node_modules", name), this.path("node_modules", name));
  }

  /** Runs the package's command by `npx`. */
  async command(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
    const env = cleanEnvironment();
    return run("npx", ["--offline", "dockspool", ...args], {
      cwd: this.directory,
      env,
      timeout: 60_000,
    });
  }

  /** Runs the command's demo with its servers, until it has printed a line and said where they are. */
  async demo(): Promise<{ stdout: string; stderr: string }> {
    const bin = this.path("node_modules/.bin/dockspool");
    const child = spawn(bin, ["--demo", "--metrics", "0", "--page"], { cwd: this.directory });
    let [stdout, stderr] = ["", ""];
    let isEnding = false;
    const look = (): void => {
      if (isEnding || stdout === "" || !stderr.includes("Live page")) return;
      // A second signal would end it at once.
      isEnding = true;
      child.kill("SIGINT");
    };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      look();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      look();
    });
    await once(child, "close");
    return { stdout, stderr };
  }

  /** Runs a program of the project's to its end; what it prints as JSON. */
  async run(program: string, node: string = process.execPath): Promise<unknown> {
    const { stdout } = await run(node, [program], { cwd: this.directory, timeout: 60_000 });
    return JSON.parse(stdout);
  }
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** What scripts print comes first. */
function packedFrom(stdout: string): readonly Packed[] {
  const begin = /^\[$/m.exec(stdout)?.index ?? 0;
  const packed: readonly Packed[] = JSON.parse(stdout.slice(begin));
  return packed;
}

export async function npm(
  args: readonly string[],
  cwd: string,
  timeout = 120_000,
): Promise<{ stdout: string }> {
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  return run("npm", [...args, ...quiet], { cwd, timeout, env: cleanEnvironment() });
}

/** Without what an `npm test` around these tests has set. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^npm_/i.test(name) && name !== "NODE_ENV",
  );
  return Object.fromEntries(entries);
}

/** From the registry, else with this repository's own copies of the dependencies. */
async function install(directory: string, tarball: string): Promise<void> {
  const offline = ["--prefer-offline", "--fetch-retries=0", "--fetch-timeout=10000"];
  try {
    // Optional: ssh2's native helpers, which would be compiled.
    await npm(["install", "--omit=optional", ...offline, tarball], directory, INSTALL_TIMEOUT_MS);
  } catch (error) {
    console.log(
      `Installing without the registry: ${error instanceof Error ? error.message : String(error)}`,
    );
    await rm(join(directory, "node_modules"), { recursive: true, force: true });
    const target = join(directory, "node_modules/dockspool");
    await mkdir(target, { recursive: true });
    await run("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
    await mkdir(join(directory, "node_modules/.bin"));
    await symlink("../dockspool/dist/cli.js", join(directory, "node_modules/.bin/dockspool"));
    await chmod(join(target, "dist/cli.js"), 0o755);
    for (const name of ["docker-modem", "eventemitter3"]) {
      await symlink(join(root, "node_modules", name), join(directory, "node_modules", name));
    }
  }
  // What any TypeScript project has besides.
  await mkdir(join(directory, "node_modules/@types"), { recursive: true });
  await symlink(
    join(root, "node_modules/@types/node"),
    join(directory, "node_modules/@types/node"),
  );
}
