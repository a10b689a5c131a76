/** Brings programs of an engine, or of NATS, into the cache, from Debian's packages. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";

import { Release } from "./apt.ts";
import type { Package } from "./apt.ts";
import { NATS, binDirectoryOf, cacheDirectory, versionFileOf } from "./catalog.ts";
import type { EngineVersion } from "./catalog.ts";

const run = promisify(execFile);

/**
 * The programs of an engine. The runtime is the machine's own runc, for Docker and for Podman: a newer one needs a newer C library, and
 * crun refuses a machine with both kinds of cgroups.
 */
const PROGRAMS: Readonly<Record<EngineVersion["kind"], readonly string[]>> = {
  docker: [
    "usr/sbin/dockerd",
    "usr/bin/docker",
    "usr/bin/docker-proxy",
    "usr/sbin/docker-proxy",
    "usr/bin/docker-init",
    "usr/bin/containerd",
    "usr/bin/containerd-shim-runc-v2",
  ],
  podman: ["usr/bin/podman", "usr/bin/conmon", "usr/lib/podman/netavark"],
};
const PACKAGES: Readonly<Record<EngineVersion["kind"], readonly string[]>> = {
  docker: ["docker.io", "containerd"],
  podman: ["podman", "conmon"],
};

/** Fetches an engine. Gives its version, as Debian counts it. */
export async function getEngine(engine: EngineVersion): Promise<string> {
  const home = join(cacheDirectory(), engine.name);
  const unpacked = join(home, "unpacked");
  await rm(home, { recursive: true, force: true });
  const release = await Release.fetch(engine.suite, join(home, "apt"));
  const names = PACKAGES[engine.kind];
  const packages = await release.closure(names);
  const version = versionOf(engine, packages);
  await release.unpack(packages.filter(isWanted(names)), unpacked);

  const bin = binDirectoryOf(engine);
  await mkdir(bin, { recursive: true });
  const libraries = await gatherLibraries(unpacked, join(home, "lib"));
  const patchelf = await getPatchelf();
  for (const program of PROGRAMS[engine.kind]) {
    const path = join(unpacked, program);
    if (!existsSync(path)) continue;
    const copy = join(bin, basename(program));
    await copyFile(path, copy);
    await useLibraries(patchelf, copy, libraries);
  }
  await rm(unpacked, { recursive: true, force: true });
  await rm(join(home, "apt"), { recursive: true, force: true });
  await writeFile(versionFileOf(engine), `${version}\n`);
  return version;
}

/** Fetches NATS' server, which runs with the machine's own C library. Gives its version, as Debian counts it. */
export async function getNats(): Promise<string> {
  const home = join(cacheDirectory(), NATS.name);
  const unpacked = join(home, "unpacked");
  await rm(home, { recursive: true, force: true });
  const release = await Release.fetch(NATS.suite, join(home, "apt"));
  const found = (await release.closure([NATS.name])).filter(({ name }) => name === NATS.name);
  await release.unpack(found, unpacked);
  const bin = binDirectoryOf(NATS);
  await mkdir(bin, { recursive: true });
  await copyFile(join(unpacked, "usr/sbin", NATS.name), join(bin, NATS.name));
  for (const folder of [unpacked, join(home, "apt")])
    await rm(folder, { recursive: true, force: true });
  const version = found.map((one) => one.version).join();
  await writeFile(versionFileOf(NATS), `${version}\n`);
  return version;
}

function versionOf(engine: EngineVersion, packages: readonly Package[]): string {
  const main = engine.kind === "docker" ? "docker.io" : "podman";
  const version = packages.find(({ name }) => name === main)?.version ?? "none";
  if (version.startsWith(`${engine.version}.`)) return version;
  throw new Error(`Debian ${engine.suite} has ${main} ${version}, not ${engine.version}.`);
}

/** The engine's own packages and every library. */
function isWanted(names: readonly string[]): (found: Package) => boolean {
  return ({ name }) => names.includes(name) || /^(lib|zlib|netavark|tini|docker-cli)/.test(name);
}

interface Libraries {
  readonly directory: string;
  /** The program that loads programs with them. */
  readonly loader: string;
}

/** All shared libraries in one folder, so that a program finds them whatever release the machine runs. */
async function gatherLibraries(unpacked: string, directory: string): Promise<Libraries> {
  await mkdir(directory, { recursive: true });
  const names = await readdir(unpacked, { recursive: true, withFileTypes: true });
  const folder = /\/lib(64)?(\/[^/]+-linux-gnu[^/]*)?$/;
  for (const entry of names) {
    const isLibrary = /\.so(\.|$)/.test(entry.name) && folder.test(entry.parentPath);
    if (!isLibrary) continue;
    const target = join(directory, entry.name);
    // A link leads to its neighbour. A dangling one is the machine's own business.
    await run("cp", ["--dereference", "--force", join(entry.parentPath, entry.name), target]).catch(
      () => {},
    );
  }
  const loader = (await readdir(directory)).find((name) => name.startsWith("ld-linux"));
  if (loader === undefined) throw new Error("The packages hold no C library.");
  return { directory, loader: join(directory, loader) };
}

async function useLibraries(
  patchelf: string,
  program: string,
  { directory, loader }: Libraries,
): Promise<void> {
  const interpreter = await run(patchelf, ["--print-interpreter", program]).catch(() => undefined);
  // A static program.
  if (interpreter === undefined) return;
  const args = ["--set-interpreter", loader, "--force-rpath", "--set-rpath", directory];
  await run(patchelf, [...args, program]);
}

/** A program that runs on this machine: of the release that it runs. */
async function getPatchelf(): Promise<string> {
  const path = join(cacheDirectory(), "patchelf");
  if (existsSync(path)) return path;
  const { stdout } = await run("sh", ["-c", '. /etc/os-release; echo "$VERSION_CODENAME"']);
  const directory = join(cacheDirectory(), `patchelf-${process.pid}`);
  try {
    const release = await Release.fetch(stdout.trim(), join(directory, "apt"));
    const packages = await release.closure(["patchelf"]);
    const wanted = packages.filter(({ name }) => name === "patchelf");
    await release.unpack(wanted, join(directory, "unpacked"));
    await rename(join(directory, "unpacked", "usr/bin/patchelf"), path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return path;
}
