import { join } from "node:path";
import { neverStarted } from "../engine/inspection.ts";
import type { Inspection } from "../engine/inspection.ts";
import type { LogLocation } from "../files/log-files.ts";

/** Docker's default data root. */
export const DOCKER_ROOT = "/var/lib/docker";

const ONE_FILE =
  "it has a max-size and one file (max-file), which Docker empties when it is full: what is written between two looks would be missed";

/** Where a container's log lies, or why it is in no file that is known. */
export type Located = { readonly location: LogLocation } | { readonly refusal: string };

/**
 * Where the log of this container lies, as far as the engine tells. Only paths whose folder is named by the container's id are taken.
 * `root`: the engine's data root as this process sees it; default: where the engine says it is. `attributes`: entries carry them.
 */
export function locateFiles(
  inspection: Inspection,
  root?: string,
  attributes: boolean = false,
): Located {
  const { info, traits, logPath, hostsPath, dataRoot } = inspection;
  const { id, logDriver, tty } = info;
  if (traits.unstableParts) return locatePodman(inspection, root);
  if (logDriver !== "json-file" && logDriver !== "local")
    return { refusal: otherDriver(logDriver) };
  if (
    logDriver === "json-file" &&
    inspection.maxLogFileBytes !== undefined &&
    inspection.maxLogFiles === 1
  )
    return { refusal: ONE_FILE };
  const [known, ...rest] = ownPath(id, logPath) ?? ownPath(id, hostsPath) ?? [];
  if (logDriver === "json-file" && logPath !== undefined && rest.join("/") !== `${id}-json.log`)
    return { refusal: `the engine says that its log is ${logPath}, which is not in its folder` };
  const base = root ?? known ?? dataRoot ?? DOCKER_ROOT;
  const file = logDriver === "json-file" ? `${id}-json.log` : join("local-logs", "container.log");
  const folder = join(base, "containers", id);
  const path = join(folder, file);
  const lastPartEnds = traits.followReachesEnd;
  const { maxLogFileBytes: fileBytes, mayDropLines } = inspection;
  const own = { tty, attributes, fileBytes, mayDropLines, lastPartEnds };
  return { location: { root: base, path, folder, format: logDriver, ...own } };
}

/** Below which root the log's first file will be; undefined where the container has run, or writes no such file. */
export function firstFileRoot(
  inspection: Inspection,
  root: string | undefined,
  attributes: boolean,
): string | undefined {
  const located = locateFiles(inspection, root, attributes);
  if ("refusal" in located) return undefined;
  return neverStarted(inspection.startedAt) ? located.location.root : undefined;
}

/** Podman's `k8s-file`, which may call itself `json-file`: "…/overlay-containers/ID/userdata/ctr.log". */
function locatePodman({ info, logPath, traits }: Inspection, root?: string): Located {
  const { id, logDriver, tty } = info;
  if (logDriver !== "k8s-file" && logDriver !== "json-file")
    return { refusal: otherDriver(logDriver) };
  const match = /^(.+)\/([^/]+-containers)\/([^/]+)\/userdata\/ctr\.log$/.exec(logPath ?? "");
  if (match === null || match[3] !== id)
    return {
      refusal: `the engine says that its log is "${logPath ?? ""}", which is not in its folder`,
    };
  const base = root ?? match[1] ?? "";
  const folder = join(base, match[2] ?? "", id, "userdata");
  const path = join(folder, "ctr.log");
  const wholeSeconds = traits.tellsWholeSeconds;
  return { location: { root: base, path, folder, format: "k8s-file", tty, wholeSeconds } };
}

/** The data root and what stands behind the container's folder, where that path is in it. */
function ownPath(id: string, path: string | undefined): string[] | undefined {
  const match = /^(.*)\/containers\/([0-9a-f]{64})\/(.+)$/.exec(path ?? "");
  if (match === null || match[2] !== id) return undefined;
  return [match[1] ?? "", ...(match[3] ?? "").split("/")];
}

function otherDriver(driver: string): string {
  return `its log driver is "${driver}"; only json-file, local and k8s-file logs are read from files`;
}
