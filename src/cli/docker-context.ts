import { readFile, readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { isObject } from "../checks.ts";
import type { EngineOptions } from "../index.ts";
import { codeOf } from "../errors.ts";
import { UsageError, wrongValue } from "./usage-error.ts";

/** The context that docker has without any file: the usual sockets. */
const DEFAULT_CONTEXT = "default";

/** One of docker's contexts, as its files hold it. */
interface Context {
  readonly name: string;
  /** The name of its folders: a digest of its own. */
  readonly folder: string;
  /** Empty: the usual socket. */
  readonly host: string;
  readonly skipsTlsVerify: boolean;
}

/**
 * Where the engine of a Docker context is.
 *
 * @throws UsageError where there is none of that name, or it can't be used
 * @see https://docs.docker.com/engine/manage-resources/contexts/ and docker/cli, `cli/context/store`
 */
export async function engineOfContext(
  name: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<EngineOptions> {
  if (name === DEFAULT_CONTEXT) return {};
  const root = join(env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"), "contexts");
  const contexts = await readContexts(join(root, "meta"));
  const context = contexts.find((one) => one.name === name);
  if (context === undefined) {
    const names = [DEFAULT_CONTEXT, ...contexts.map((one) => one.name).toSorted()];
    throw wrongValue("--context", name, names.join(", "));
  }
  const { host, folder, skipsTlsVerify } = context;
  const socket = /^(?:unix|npipe):\/\/(.+)$/s.exec(host)?.[1];
  if (socket !== undefined) return { socketPath: socket };
  if (host === "") return {};
  if (host.startsWith("ssh://")) return { host };
  if (skipsTlsVerify)
    throw new UsageError(
      `Context ${name} skips the verification of the engine's certificate, which dockspool does not do.`,
    );
  const tls = await readTls(join(root, "tls", folder, "docker"));
  return Object.keys(tls).length === 0 ? { host } : { host, protocol: "https", ...tls };
}

async function readContexts(folder: string): Promise<Context[]> {
  const names = await readdir(folder).catch(() => []);
  const contexts = await Promise.all(names.map((name) => readContext(folder, name)));
  return contexts.filter((context) => context !== undefined);
}

/** Undefined where the file can't be read as one. */
async function readContext(folder: string, name: string): Promise<Context | undefined> {
  try {
    const meta: unknown = JSON.parse(await readFile(join(folder, name, "meta.json"), "utf8"));
    const docker = field(field(meta, "Endpoints"), "docker");
    const host = field(docker, "Host");
    const own = field(meta, "Name");
    if (typeof own !== "string" || docker === undefined) return undefined;
    return {
      name: own,
      folder: name,
      host: typeof host === "string" ? host : "",
      skipsTlsVerify: field(docker, "SkipTLSVerify") === true,
    };
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? Reflect.get(value, name) : undefined;
}

async function readTls(folder: string): Promise<Pick<EngineOptions, "ca" | "cert" | "key">> {
  const tls: Pick<EngineOptions, "ca" | "cert" | "key"> = {};
  for (const name of ["ca", "cert", "key"] as const) {
    const path = join(folder, `${name}.pem`);
    try {
      tls[name] = await readFile(path);
    } catch (error) {
      if (codeOf(error) !== "ENOENT")
        throw new UsageError(`The context's file ${path} can't be read: ${codeOf(error)}.`);
    }
  }
  return tls;
}
