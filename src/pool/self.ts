import { readFile } from "node:fs/promises";

/** What an engine mounts into each container from the folder that it keeps for it. */
const MOUNTED = new Set(["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"]);
/** Docker: `…/containers/ID/hostname`; Podman: `…/overlay-containers/ID/userdata/hostname`. */
const IN_PATH = /containers\/([0-9a-f]{64})\//;
/** With cgroups of version 1: `/docker/ID`, `docker-ID.scope`, `libpod-ID.scope`. */
const IN_CGROUP = /(?:\/docker\/|docker-|libpod-)([0-9a-f]{64})/;

/**
 * The id of the container that this process runs in, as the kernel's lists of mounts and cgroups show it; undefined outside
 * of one.
 * @see proc(5): /proc/pid/mountinfo, where the fourth field is the source's path and the fifth the mount point
 */
export async function ownContainerId(
  read: (path: string) => Promise<string> = (path) => readFile(path, "utf8"),
): Promise<string | undefined> {
  const [mounts, cgroups] = await Promise.all(
    ["/proc/self/mountinfo", "/proc/self/cgroup"].map((path) => read(path).catch(() => "")),
  );
  for (const mount of (mounts ?? "").split("\n")) {
    const [, , , source = "", point = ""] = mount.split(" ");
    const id = MOUNTED.has(point) ? IN_PATH.exec(source)?.[1] : undefined;
    if (id !== undefined) return id;
  }
  return IN_CGROUP.exec(cgroups ?? "")?.[1];
}
