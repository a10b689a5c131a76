import { isAbsolute } from "node:path";
import { checkKeys, checkText } from "../checks.ts";
import { invalidOption } from "../errors.ts";

/** Where lines are read from. */
export type ReadFrom = "engine" | "files" | "auto";

/** How the engine's log files are found. */
export interface FilesOptions {
  /**
   * The engine's data root as this process sees it: where it is mounted, if not at its own path. Default: where the engine says its
   * logs are.
   */
  root?: string;
}

export interface ReadOptions {
  readonly read: ReadFrom;
  readonly files: FilesOptions;
}

/** Before a container's first start only its engine can say where its log will be. */
export function asksDataRootFor({ read, files: { root } }: ReadOptions): boolean {
  return read !== "engine" && root === undefined;
}

/** @throws DockspoolError INVALID_OPTION */
export function checkRead(place: string, read: unknown): ReadFrom {
  if (read === "engine" || read === "files" || read === "auto") return read;
  throw invalidOption(place, read, '"engine", "files" or "auto"');
}

/** @throws DockspoolError INVALID_OPTION */
export function checkFiles(place: string, files: FilesOptions): FilesOptions {
  checkKeys(place, files, ["root"]);
  const { root } = files;
  if (root === undefined) return {};
  checkText(`${place}.root`, root);
  if (!isAbsolute(root)) throw invalidOption(`${place}.root`, root, "an absolute path");
  return { root };
}
