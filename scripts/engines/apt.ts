/** Debian's packages of a release that the machine need not run, got by the machine's own apt. */
import { execFile } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const MAX_OUTPUT = 1 << 28;

/** A package with the version that apt would take. */
export interface Package {
  readonly name: string;
  readonly version: string;
}

/** A release of Debian at the mirror of the machine, with lists of its own: nothing of the machine's apt is changed. */
export class Release {
  readonly suite: string;
  readonly #directory: string;

  private constructor(suite: string, directory: string) {
    this.suite = suite;
    this.#directory = directory;
  }

  /** Fetches the release's list of packages into `directory`. */
  static async fetch(suite: string, directory: string): Promise<Release> {
    await mkdir(join(directory, "lists", "partial"), { recursive: true });
    await mkdir(join(directory, "cache", "archives", "partial"), { recursive: true });
    // Without any package installed, apt names every one that another needs.
    await writeFile(join(directory, "status"), "");
    await writeFile(join(directory, "sources.list"), `deb ${await mirror()} ${suite} main\n`);
    const release = new Release(suite, directory);
    await release.#apt(["update"]);
    return release;
  }

  /** These packages and all that they depend on. */
  async closure(names: readonly string[]): Promise<Package[]> {
    const plan = await this.#apt(["install", "--simulate", "--no-install-recommends", ...names]);
    return [...plan.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name = "", version = ""]) => ({
      name,
      version,
    }));
  }

  /** Downloads packages and unpacks them into `target`. */
  async unpack(packages: readonly Package[], target: string): Promise<void> {
    const archives = join(this.#directory, "packages");
    await rm(archives, { recursive: true, force: true });
    await mkdir(archives, { recursive: true });
    await mkdir(target, { recursive: true });
    const wanted = packages.map(({ name, version }) => `${name}=${version}`);
    await this.#apt(["download", ...wanted], archives);
    for (const file of await readdir(archives))
      await run("dpkg-deb", ["--extract", join(archives, file), target]);
    await rm(archives, { recursive: true, force: true });
  }

  async #apt(args: readonly string[], cwd: string = this.#directory): Promise<string> {
    const options = [
      "-qq",
      "-y",
      `-oDir::Etc::SourceList=${join(this.#directory, "sources.list")}`,
      "-oDir::Etc::SourceParts=/dev/null",
      `-oDir::State::Lists=${join(this.#directory, "lists")}`,
      `-oDir::State::status=${join(this.#directory, "status")}`,
      `-oDir::Cache=${join(this.#directory, "cache")}`,
      "-oAcquire::Retries=3",
      "-oAcquire::Languages=none",
      // As another user apt could not write here.
      "-oAPT::Sandbox::User=root",
      "-oDebug::NoLocking=1",
    ];
    const { stdout } = await run("apt-get", [...options, ...args], { cwd, maxBuffer: MAX_OUTPUT });
    return stdout;
  }
}

/** Where this machine gets Debian's packages from. */
async function mirror(): Promise<string> {
  const format = "$(ORIGIN)|$(COMPONENT)|$(REPO_URI)|$(SUITE)";
  const args = ["indextargets", "--format", format, "Created-By: Packages"];
  const { stdout } = await run("apt-get", args);
  for (const line of stdout.split("\n")) {
    const [origin, component, uri = ""] = line.split("|");
    if (origin !== "Debian" || component !== "main" || /security/.test(uri)) continue;
    return `[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${uri}`;
  }
  throw new Error("apt has no source of Debian's packages here, or no list of it: apt-get update.");
}
