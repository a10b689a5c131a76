import { describe, expect, it, onTestFinished, vi } from "vitest";
import { EngineClient } from "../../../src/engine/engine-client.ts";
import { StreamPool } from "../../../src/index.ts";
import { OwnContainer } from "../../../src/pool/discovery/own-container.ts";
import type * as self from "../../../src/pool/discovery/self.ts";
import { FakeEngine } from "../../../src/testing.ts";
import { eager } from "../../support/fake-follow.ts";
import { PoolFollower } from "../../support/pool-follow.ts";
import { RawPeer } from "../../support/raw-peer.ts";

/** Where this process is, as the pools of this file see it. */
const here = vi.hoisted((): { id: string | undefined } => ({ id: undefined }));
type Self = typeof self;
vi.mock("../../../src/pool/discovery/self.ts", (): Partial<Self> => ({
  ownTraces: () => Promise.resolve({ id: here.id }),
}));
const { ownTraces } = await vi.importActual<Self>("../../../src/pool/discovery/self.ts");

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

interface Here {
  readonly mountinfo?: string;
  readonly cgroup?: string;
  readonly madeAt?: number;
}

function traces(inside: Here): Promise<self.OwnTraces> {
  const missing = (path: string): Promise<never> =>
    Promise.reject(new Error(`ENOENT: no such file or directory, open '${path}'`));
  return ownTraces({
    read: (path) => {
      const text = {
        "/proc/self/mountinfo": inside.mountinfo,
        "/proc/self/cgroup": inside.cgroup,
      }[path];
      return text === undefined ? missing(path) : Promise.resolve(text);
    },
    modifiedAt: (path) =>
      inside.madeAt !== undefined && path === "/.dockerenv"
        ? Promise.resolve(inside.madeAt)
        : missing(path),
  });
}

/** Where no network is shared. */
async function found(inside: Here): Promise<string | undefined> {
  const { id, mayBe } = await traces(inside);
  return id ?? mayBe;
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

/** An engine of these containers. */
async function engineOf(containers: readonly object[]): Promise<EngineClient> {
  const peer = await RawPeer.start((socket, path) => {
    const id = /containers\/([0-9a-f]{64})\/json/.exec(path)?.[1];
    const one = containers.find((container) => "Id" in container && container.Id === id);
    const body = path.startsWith("/containers/json") ? containers : one;
    const text = JSON.stringify(body ?? { message: `No such container: ${id}` });
    socket.end(
      `HTTP/1.1 ${body === undefined ? 404 : 200} OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
  });
  const client = new EngineClient(peer.engine);
  onTestFinished(async () => {
    await client.close();
    await peer[Symbol.asyncDispose]();
  });
  return client;
}

const CREATED = Date.parse("2026-11-23T15:58:34.500Z");

/** As lists and looks show it; created `laterMs` after the others. */
function shown(
  id: string,
  { network = "none", folder = "", laterMs = 0, name = id.slice(0, 8), state = "running" } = {},
): object {
  return {
    Id: id,
    Name: `/${name}`,
    Names: [`/${name}`],
    State: state,
    Created: new Date(CREATED + laterMs).toISOString(),
    Config: { Tty: false },
    HostConfig: { NetworkMode: network, LogConfig: { Type: "json-file" } },
    GraphDriver: folder === "" ? { Data: null } : { Data: { UpperDir: `${folder}/diff` } },
  };
}

describe("the own container that shares another one's network", () => {
  const THIRD = "3c".repeat(32);
  const shared = `container:${OTHER}`;
  const overlay = (id: string): string => `/var/lib/docker/overlay2/${id}`;
  const LAYERS = { own: "aa".repeat(32), other: "bb".repeat(32), third: "cc".repeat(32) };

  async function ownOf(inside: Here, containers: readonly object[]): Promise<string[]> {
    const client = await engineOf(containers);
    const own = new OwnContainer(client);
    const { signal } = new AbortController();
    await own.ready(await traces(inside), signal, signal);
    return [OWN, OTHER, THIRD].filter((id) => own.is(id));
  }

  /** As a mount of overlayfs shows it. */
  function root(upper: string): string {
    return `600 599 0:57 / / rw,relatime - overlay overlay rw,lowerdir=${overlay("l")}/A:${overlay("l")}/B,upperdir=${upper},workdir=${overlay("w")}/work`;
  }

  it("is told from that one by the folder that takes what it writes", async () => {
    const containers = [
      shown(OWN, { network: shared, folder: overlay(LAYERS.own) }),
      shown(OTHER, { folder: overlay(LAYERS.other) }),
      shown(THIRD, { network: shared, folder: overlay(LAYERS.third) }),
    ];
    for (const upper of [`${overlay(LAYERS.own)}/diff`, `${LAYERS.own}/diff`]) {
      const mountinfo = `${mounts(...dockerFiles(OTHER))}\n${root(upper)}`;
      expect(await ownOf({ mountinfo, cgroup: CGROUPS_V2 }, containers)).toEqual([OWN]);
    }
    const ofOther = `${mounts(...dockerFiles(OTHER))}\n${root(`${overlay(LAYERS.other)}/diff`)}`;
    expect(await ownOf({ mountinfo: ofOther, cgroup: CGROUPS_V2 }, containers)).toEqual([OTHER]);
  });

  it("is told from that one by the time of its first file, where its storage has no such folder", async () => {
    const containers = [
      shown(OWN, { network: shared, laterMs: 100 }),
      shown(OTHER),
      shown(THIRD, { network: "container:friend", laterMs: 200 }),
    ];
    const mountinfo = mounts(...dockerFiles(OTHER));
    for (const [afterMs, id] of [
      [40, OTHER],
      [140, OWN],
    ] as const)
      expect(await ownOf({ mountinfo, madeAt: CREATED + afterMs }, containers)).toEqual([id]);
  });

  it("is known by that one's name, too, and also when that one is gone", async () => {
    const sharer = shown(OWN, { network: "container:friend", laterMs: 100 });
    const friend = shown(OTHER, { name: "friend" });
    const mountinfo = mounts(...dockerFiles(OTHER));
    const madeAt = CREATED + 140;
    expect(await ownOf({ mountinfo, madeAt }, [sharer, friend])).toEqual([OWN]);
    const left = shown(OWN, { network: shared, laterMs: 100 });
    expect(await ownOf({ mountinfo, madeAt }, [left])).toEqual([OWN]);
  });

  it("is all that it may be, where nothing tells them apart: none of them follows itself", async () => {
    const containers = [shown(OWN, { network: shared }), shown(OTHER), shown(THIRD)];
    const mountinfo = mounts(...dockerFiles(OTHER));
    expect(await ownOf({ mountinfo }, containers)).toEqual([OWN, OTHER]);
  });

  it("is the one whose files are mounted, where nobody shares its network", async () => {
    const mountinfo = mounts(...dockerFiles(OTHER));
    const stopped = shown(OWN, { network: shared, state: "exited" });
    expect(await ownOf({ mountinfo }, [shown(OTHER), stopped])).toEqual([OTHER]);
    expect(await ownOf({ mountinfo }, [shown(THIRD)])).toEqual([OTHER]);
    expect(await ownOf({}, [shown(OTHER), shown(OWN, { network: shared })])).toEqual([]);
  });
});
