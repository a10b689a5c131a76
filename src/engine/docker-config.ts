import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { record, string } from "./json.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the docker command keeps its settings: DOCKER_CONFIG, or ~/.docker. */
export function configFolder(env: Environment): string {
  const folder = env["DOCKER_CONFIG"] ?? "";
  return folder === "" ? join(homedir(), ".docker") : folder;
}

/** A context, and who asks for it. */
export interface WantedContext {
  readonly name: string;
  /** For people, as the beginning of a sentence: `Variable "DOCKER_CONTEXT"`. */
  readonly by: string;
}

/**
 * The context that the docker command would use: DOCKER_CONTEXT, else `currentContext` of its config.json. A file that can't be
 * read is as good as none, as for the command.
 */
export async function currentContext(env: Environment): Promise<WantedContext | undefined> {
  const variable = env["DOCKER_CONTEXT"] ?? "";
  if (variable !== "") return { name: variable, by: 'Variable "DOCKER_CONTEXT"' };
  const path = join(configFolder(env), "config.json");
  const name = await readCurrentContext(path);
  return name === "" ? undefined : { name, by: `currentContext of ${path}` };
}

async function readCurrentContext(path: string): Promise<string> {
  try {
    const config: unknown = JSON.parse(await readFile(path, "utf8"));
    return string(record(config)["currentContext"]);
  } catch {
    return "";
  }
}
