import { describe, expect, it, vi } from "vitest";
import { StreamPool } from "../../../src/index.ts";
import type * as self from "../../../src/pool/discovery/self.ts";
import { FakeEngine } from "../../../src/testing.ts";
import { eager } from "../../support/fake-follow.ts";
import { PoolFollower } from "../../support/pool-follow.ts";

/** Where this process is, as the pools of this file see it. */
const here = vi.hoisted((): { id: string | undefined } => ({ id: undefined }));
type Self = typeof self;
vi.mock("../../../src/pool/discovery/self.ts", (): Partial<Self> => ({
  ownContainerId: () => Promise.resolve(here.id),
}));
const { ownContainerId } = await vi.importActual<Self>("../../../src/pool/discovery/self.ts");

const OWN = "0a1b".repeat(16);
const OTHER = "f9e8".repeat(16);
const LAYER = "6d7c".repeat(16);

/** As /proc/self/mountinfo: the mounted folder or file in its file system, and where. */
function mounts(...pairs: readonly (readonly [source: string, point: string])[]): string {
  const all = [["/", "/"], ["/", "/proc"], ["/", "/dev"], ...pairs, ["/", "/sys/fs/cgroup"]];
  return all
    .map(([source, point], index) =>
      [`${600 + index} 599 254:1 ${source} ${point}`, "rw,relatime - ext4 /dev/vda1 rw"].join(" "),
    )
    .join("\n");
}

function cgroupsV1(path: string): string {
  const controllers = ["name=systemd", "pids", "memory", "cpu,cpuacct", "devices"];
  return `${controllers.map((name, index) => `${12 - index}:${name}:${path}`).join("\n")}\n0::${path}\n`;
}

const CGROUPS_V2 = "0::/\n";

/** The files that Docker keeps for a container and mounts into it. */
function dockerFiles(id: string, root = "/var/lib/docker"): (readonly [string, string])[] {
  return ["resolv.conf", "hostname", "hosts"].map((name) => [
    `${root}/containers/${id}/${name}`,
    `/etc/${name}`,
  ]);
}

function podmanFiles(id: string, root = "/containers/storage"): (readonly [string, string])[] {
  const files = ["resolv.conf", "hosts", "hostname", ".containerenv"];
  return files.map((name) => [
    `${root}/overlay-containers/${id}/userdata/${name}`,
    name === ".containerenv" ? "/run/.containerenv" : `/etc/${name}`,
  ]);
}

function found(files: { mountinfo?: string; cgroup?: string }): Promise<string | undefined> {
  return ownContainerId((path) => {
    const text = {
      "/proc/self/mountinfo": files.mountinfo,
      "/proc/self/cgroup": files.cgroup,
    }[path];
    if (text !== undefined) return Promise.resolve(text);
    return Promise.reject(new Error(`ENOENT: no such file or directory, open '${path}'`));
  });
}

describe("the own container's id", () => {
  const inside: readonly (readonly [string, string, string])[] = [
    ["Docker, cgroups of version 2", mounts(...dockerFiles(OWN)), CGROUPS_V2],
    ["Docker, cgroups of version 1", mounts(...dockerFiles(OWN)), cgroupsV1(`/docker/${OWN}`)],
    [
      "Docker by systemd, version 1",
      mounts(...dockerFiles(OWN)),
      cgroupsV1(`/system.slice/docker-${OWN}.scope`),
    ],
    ["Docker with another data root", mounts(...dockerFiles(OWN, "/mnt/data/docker")), CGROUPS_V2],
    [
      "Docker with a file system of its own at /var/lib/docker",
      mounts(...dockerFiles(OWN, "")),
      CGROUPS_V2,
    ],
    [
      "Docker without root",
      mounts(...dockerFiles(OWN, "/home/me/.local/share/docker")),
      CGROUPS_V2,
    ],
    ["Podman", mounts(...podmanFiles(OWN)), CGROUPS_V2],
    [
      "Podman without root",
      mounts(...podmanFiles(OWN, "/containers")),
      `0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${OWN}.scope/container\n`,
    ],
  ];

  it.each(inside)("is found in %s", async (_where, mountinfo, cgroup) => {
    expect(await found({ mountinfo, cgroup })).toBe(OWN);
  });

  it.each([
    ["/docker/ID", cgroupsV1(`/docker/${OWN}`)],
    ["docker-ID.scope", cgroupsV1(`/system.slice/docker-${OWN}.scope`)],
    ["libpod-ID.scope", cgroupsV1(`/machine.slice/libpod-${OWN}.scope`)],
    ["the host's tree of version 2", `0::/system.slice/docker-${OWN}.scope\n`],
    ["an engine's in a container", cgroupsV1(`/docker/${OTHER}/docker/${OWN}`)],
  ])("is found by the cgroups alone: %s", async (_where, cgroup) => {
    expect(await found({ cgroup })).toBe(OWN);
    expect(await found({ mountinfo: mounts(), cgroup })).toBe(OWN);
  });

  it.each([
    ["a host", mounts(["/", "/home"]), "0::/user.slice/user-1000.slice/session-2.scope\n"],
    [
      "a host that runs containers",
      mounts(
        [`/var/lib/docker/overlay2/${LAYER}/merged`, `/var/lib/docker/overlay2/${LAYER}/merged`],
        ["/", `/var/lib/docker/containers/${OTHER}/mounts/shm`],
        ["/", `/run/docker/netns/${OTHER.slice(0, 12)}`],
      ),
      "0::/system.slice/ssh.service\n",
    ],
    ["the engine itself", mounts(), "0::/system.slice/docker.service\n"],
    ["a host without cgroups", mounts(), ""],
    [
      "a virtual machine whose /etc/hosts is mounted",
      mounts(["/etc/hosts", "/etc/hosts"]),
      CGROUPS_V2,
    ],
  ])("is none on %s", async (_where, mountinfo, cgroup) => {
    expect(await found({ mountinfo, cgroup })).toBeUndefined();
  });

  it("is none where the kernel tells nothing (macOS, Windows)", async () => {
    expect(await found({})).toBeUndefined();
  });

  it("is not that of others whose files are mounted, as a log collector does", async () => {
    const mountinfo = mounts(
      ["/var/lib/docker/containers", "/var/lib/docker/containers"],
      [`/var/lib/docker/containers/${OTHER}`, "/logs/other"],
      [`/var/lib/docker/containers/${OTHER}/hostname`, "/host/etc/hostname"],
      [`/var/lib/docker/containers/${OTHER}/mounts/shm`, "/dev/shm"],
      ...dockerFiles(OWN),
      [`/var/lib/docker/containers/${OTHER}/hosts`, "/mnt/etc/hosts"],
    );
    expect(await found({ mountinfo, cgroup: CGROUPS_V2 })).toBe(OWN);
  });

  it("is the inner one's of nested engines", async () => {
    const mountinfo = mounts(
      [`/var/lib/docker/volumes/dind/_data/containers/${OWN}/hosts`, "/etc/hosts"],
      [`/var/lib/docker/volumes/dind/_data/containers/${OWN}/hostname`, "/etc/hostname"],
    );
    const cgroup = cgroupsV1(`/docker/${OTHER}/docker/${OWN}`);
    expect(await found({ mountinfo, cgroup })).toBe(OWN);
  });

  // Docker mounts the files of the container whose network is shared (moby, daemon/container_operations.go,
  // initializeNetworkingPaths), Podman its hosts and resolv.conf (libpod, makeBindMounts).
  it("is not that of the container whose network it shares, where the cgroups tell", async () => {
    const mountinfo = mounts(...dockerFiles(OTHER));
    const cgroup = cgroupsV1(`/docker/${OWN}`);
    expect(await found({ mountinfo, cgroup })).toBe(OWN);
  });

  it("is not that of the container whose network it shares, where Podman's own file tells", async () => {
    const [resolv, hosts] = podmanFiles(OTHER);
    const [, , hostname, own] = podmanFiles(OWN);
    if (!resolv || !hosts || !hostname || !own) throw new Error("no files");
    const mountinfo = mounts(resolv, hosts, hostname, own);
    expect(await found({ mountinfo, cgroup: CGROUPS_V2 })).toBe(OWN);
  });
});

describe("`excludeSelf`", () => {
  it("leaves the own container out, whatever is selected; false follows it", async () => {
    await using fake = await FakeEngine.start();
    const [own, web] = [fake.create({ name: "self" }), fake.create({ name: "web" })];
    here.id = own.id;
    const shared = { engine: fake.engine, source: eager, from: "start" } as const;
    const without = new PoolFollower(
      new StreamPool({ ...shared, select: { names: ["self", "web"] } }),
    );
    const withIt = new PoolFollower(new StreamPool({ ...shared, excludeSelf: false }));
    for (const container of [own, web]) container.write("one");
    await withIt.expectAll(own);
    for (const follower of [without, withIt]) {
      await follower.expectAll(web);
      await follower.discovered();
    }
    own.restart();
    own.rename("web-2");
    own.write("two");
    await withIt.expectAll(own);
    expect([...without.pool.sources.keys()]).toEqual([web.id]);
    expect(without.seen("skipped")).toEqual([]);
    for (const follower of [without, withIt]) await follower.end();
    expect(without.lines(own)).toEqual([]);
  });

  it("does not keep `attach` from following it", async () => {
    await using fake = await FakeEngine.start();
    const own = fake.create({ name: "self" });
    here.id = own.id;
    const follower = new PoolFollower(new StreamPool({ engine: fake.engine, source: eager }));
    await follower.discovered();
    await follower.pool.attach("self");
    own.write("one");
    await follower.expectAll(own);
    await follower.end();
    expect(follower.texts(own)).toEqual(["one"]);
  });
});
