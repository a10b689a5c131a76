import { readFile } from "node:fs/promises";

/**
 * What an engine mounts into each container from the folder that it keeps for it. Where the network is another container's,
 * Docker takes all but Podman's own file from that one's folder, so it is asked last.
 */
const MOUNTED = ["/run/.containerenv", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
/** Docker: `…/containers/ID/hostname`; Podman: `…/overlay-containers/ID/userdata/hostname`. */
const IN_PATH = /containers\/([0-9a-f]{64})\//;
/** With cgroups of version 1: `/docker/ID`, `docker-ID.scope`, `libpod-ID.scope`. */
const IN_CGROUP = /(?:\/docker\/|docker-|libpod-)([0-9a-f]{64})/g;

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
  // The innermost one stands last.
  const [cgroup = ""] = (cgroups ?? "").split("\n");
  const inCgroup = [...cgroup.matchAll(IN_CGROUP)].at(-1)?.[1];
  if (inCgroup !== undefined) return inCgroup;
  const sources = new Map<string, string>();
  for (const mount of (mounts ?? "").split("\n")) {
    const [, , , source = "", point = ""] = mount.split(" ");
    sources.set(point, source);
  }
  for (const point of MOUNTED) {
    const id = IN_PATH.exec(sources.get(point) ?? "")?.[1];
    if (id !== undefined) return id;
  }
  return undefined;
}
