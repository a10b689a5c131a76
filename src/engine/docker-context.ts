import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { DockspoolError, asSentence, codeOf, messageOf } from "../errors.ts";
import { configFolder } from "./docker-config.ts";
import type { Environment, WantedContext } from "./docker-config.ts";
import { record, string } from "./json.ts";
import { readTlsFolder } from "./tls-files.ts";
import type { Tls } from "./tls-files.ts";

/** The context that docker has without any file: DOCKER_HOST, or the usual sockets. */
export const DEFAULT_CONTEXT = "default";

/** Names that an error lists. */
const MAX_NAMES = 20;

/** Where a context's engine is. */
export interface ContextEndpoint {
  /** An URL as DOCKER_HOST takes; empty: the usual socket. */
  readonly host: string;
  /** Undefined where the context brings no certificates. */
  readonly tls: Tls | undefined;
}

/**
 * Reads a context of the docker command's, with its certificates as they are now.
 *
 * @throws DockspoolError INVALID_OPTION where there is none of that name, or it can't be used
 * @see https://docs.docker.com/engine/manage-resources/contexts/ and docker/cli, `cli/context/store`
 */
export async function readContext(
  wanted: WantedContext,
  env: Environment,
): Promise<ContextEndpoint> {
  const root = join(configFolder(env), "contexts");
  const id = createHash("sha256").update(wanted.name).digest("hex");
  const endpoint = record(await readEndpoint(wanted, root, id));
  if (endpoint["SkipTLSVerify"] === true) {
    throw unusable(
      wanted,
      "it skips the verification of the engine's certificate, which dockspool does not do",
    );
  }
  const tls = await readTlsFolder(join(root, "tls", id, "docker"), said(wanted));
  const hasTls = Object.keys(tls).length > 0;
  return { host: string(endpoint["Host"]), tls: hasTls ? tls : undefined };
}

async function readEndpoint(wanted: WantedContext, root: string, id: string): Promise<unknown> {
  const path = join(root, "meta", id, "meta.json");
  let meta: unknown;
  try {
    meta = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw unusable(wanted, `${path}: ${messageOf(error)}`, error);
    const names = [DEFAULT_CONTEXT, ...(await namesIn(join(root, "meta")))];
    throw new DockspoolError(
      "INVALID_OPTION",
      `${said(wanted)}: there is no such Docker context in ${root}. There are: ${listed(names)}.`,
      { cause: error },
    );
  }
  const endpoint = record(record(meta)["Endpoints"])["docker"];
  if (endpoint === undefined) throw unusable(wanted, `${path} has no endpoint of Docker's`);
  return endpoint;
}

async function namesIn(folder: string): Promise<string[]> {
  const ids = await readdir(folder).catch(() => []);
  const names = await Promise.all(
    ids.map(async (id) => {
      try {
        const meta: unknown = JSON.parse(await readFile(join(folder, id, "meta.json"), "utf8"));
        return string(record(meta)["Name"]);
      } catch {
        return "";
      }
    }),
  );
  return names.filter((name) => name !== "").toSorted();
}

function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return names.slice(0, MAX_NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function said({ by, name }: WantedContext): string {
  return `${by} was given ${JSON.stringify(name)}`;
}

function unusable(wanted: WantedContext, why: string, cause?: unknown): DockspoolError {
  return new DockspoolError("INVALID_OPTION", `${said(wanted)}: ${asSentence(why)}`, { cause });
}
