import { readFile, stat } from "node:fs/promises";

/** What shows to this process of the container that it runs in. Nothing outside of one. */
export interface OwnTraces {
  /** Its id, for certain. */
  readonly id?: string | undefined;
  /** Its id, or that of the container whose network it shares. */
  readonly mayBe?: string | undefined;
  /** The folder that takes what it writes, as its engine calls it. */
  readonly upperDir?: string | undefined;
  /** When its first file was made, in epoch milliseconds. */
  readonly madeAt?: number | undefined;
}

/** How the traces are read. */
export interface TraceFiles {
  readonly read: (path: string) => Promise<string>;
  /** Epoch milliseconds. */
  readonly modifiedAt: (path: string) => Promise<number>;
}

/** Podman mounts it into each container from the folder that it keeps for it. */
const OWN_MOUNTED = "/run/.containerenv";
/** Where the network is another container's, the engine mounts these from that one's folder. */
const MOUNTED = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
/** Docker makes it as it makes the container. */
const FIRST_FILE = "/.dockerenv";
/** Docker: `…/containers/ID/hostname`; Podman: `…/overlay-containers/ID/userdata/hostname`. */
const IN_PATH = /containers\/([0-9a-f]{64})\//;
/** Of the host's groups: `/docker/ID`, `docker-ID.scope`, `libpod-ID.scope`. */
const IN_CGROUP = /(?:\/docker\/|docker-|libpod-)([0-9a-f]{64})/g;
const UPPER_DIR = /(?:^|,)upperdir=([^,]+)/;

const files: TraceFiles = {
  read: (path) => readFile(path, "utf8"),
  modifiedAt: async (path) => (await stat(path)).mtimeMs,
};

/**
 * As the kernel's lists of mounts and control groups show it.
 *
 * @see proc(5): /proc/pid/mountinfo, where the fourth field is the source's path, the fifth the mount point, and the last the
 * options of the file system
 */
export async function ownTraces({ read, modifiedAt }: TraceFiles = files): Promise<OwnTraces> {
  const [mountinfo, cgroups, madeAt] = await Promise.all([
    read("/proc/self/mountinfo").catch(() => ""),
    read("/proc/self/cgroup").catch(() => ""),
    modifiedAt(FIRST_FILE).catch(() => undefined),
  ]);
  const mounts = new Map<string, { readonly source: string; readonly options: string }>();
  for (const mount of mountinfo.split("\n")) {
    const fields = mount.split(" ");
    const [, , , source = "", point = ""] = fields;
    mounts.set(point, { source, options: fields.at(-1) ?? "" });
  }
  const idOf = (point: string): string | undefined =>
    IN_PATH.exec(mounts.get(point)?.source ?? "")?.[1];
  // The innermost one stands last.
  const [cgroup = ""] = cgroups.split("\n");
  const id = [...cgroup.matchAll(IN_CGROUP)].at(-1)?.[1] ?? idOf(OWN_MOUNTED);
  if (id !== undefined) return { id };
  const mayBe = MOUNTED.map(idOf).find((found) => found !== undefined);
  if (mayBe === undefined) return {};
  return { mayBe, madeAt, upperDir: UPPER_DIR.exec(mounts.get("/")?.options ?? "")?.[1] };
}
