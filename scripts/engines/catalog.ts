/** The engines of the matrix, what else is fetched for tests, and where their programs are. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** One version of an engine, from one release of Debian. */
export interface EngineVersion {
  /** Its name on the command line and in the table, such as "podman-5.4". */
  readonly name: string;
  readonly kind: "docker" | "podman";
  /** How its version begins. */
  readonly version: string;
  /** The release of Debian that has it. */
  readonly suite: string;
}

/** The server of NATS for clusters: Debian's stable releases have none of 2.11 or later, which is the first that is exact. */
export const NATS = { name: "nats-server", suite: "forky" } as const;

/** What is kept under a name of its own. */
type Named = Pick<EngineVersion, "name">;

export const ENGINES: readonly EngineVersion[] = [
  { name: "docker-20.10", kind: "docker", version: "20.10", suite: "bookworm" },
  { name: "docker-26.1", kind: "docker", version: "26.1", suite: "trixie" },
  { name: "docker-28.5", kind: "docker", version: "28.5", suite: "forky" },
  { name: "podman-4.3", kind: "podman", version: "4.3", suite: "bookworm" },
  { name: "podman-5.4", kind: "podman", version: "5.4", suite: "trixie" },
  { name: "podman-5.8", kind: "podman", version: "5.8", suite: "forky" },
];

/** The engine of a name, or of a name's beginning that only one has, such as "docker-28". */
export function engineNamed(wanted: string): EngineVersion {
  const exact = ENGINES.filter(({ name }) => name === wanted);
  const [found, ...others] =
    exact.length > 0 ? exact : ENGINES.filter(({ name }) => name.startsWith(`${wanted}.`));
  if (found !== undefined && others.length === 0) return found;
  const names = ENGINES.map(({ name }) => name).join(", ");
  throw new Error(`No engine is called "${wanted}". There are: ${names}.`);
}

/** The engines of a list such as "docker-28 podman-5.8". */
export function enginesNamed(list: string): EngineVersion[] {
  return list
    .split(/[\s,]+/)
    .filter((name) => name !== "")
    .map(engineNamed);
}

/** Where engines are kept: `DOCKSPOOL_ENGINES_DIR`, or a folder of the user's cache. */
export function cacheDirectory(): string {
  const given = process.env["DOCKSPOOL_ENGINES_DIR"];
  if (given !== undefined && given !== "") return resolve(given);
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(cache, "dockspool", "engines");
}

/** The folder of an engine's programs, whether it is there or not. */
export function binDirectoryOf({ name }: Named): string {
  return join(cacheDirectory(), name, "bin");
}

/** Written last: an engine without it was not fetched to its end. */
export function versionFileOf({ name }: Named): string {
  return join(cacheDirectory(), name, "version");
}

/** The version that was fetched; undefined where none was. */
export function fetchedVersion(fetched: Named): string | undefined {
  const file = versionFileOf(fetched);
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}
