import { writeFileSync } from "node:fs";

import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { BriefLog } from "../support/brief-log.ts";
import { Follower } from "../support/fake-follow.ts";
import { dataRoot } from "../support/file-log.ts";
import { RewritingProxy } from "../support/rewriting-proxy.ts";

const BRIEF = { name: "brief", started: false };

describe("a source that reads from files, made before its container starts", () => {
  it.each([
    ["where the caller says that files are", true],
    ["where the engine says that its data is", false],
  ])("has the lines of one that is gone before anybody could look: %s", async (_where, isGiven) => {
    const root = dataRoot();
    await using fake = await FakeEngine.start();
    const brief = fake.create(BRIEF);
    const file = new BriefLog(brief.id, root);
    await using proxy = await RewritingProxy.start(fake);
    proxy.rewrite = (path, answer) =>
      path.includes("/info") ? { ...answer, DockerRootDir: root } : answer;
    const source = new ContainerLogSource(brief.id, {
      engine: proxy.engine,
      read: "files",
      ...(isGiven ? { files: { root } } : {}),
    });
    const follower = new Follower(source);
    await follower.until(() => source.stats.state === "stopped", "stopped");
    await file.run("first", "last");
    brief.start();
    brief.remove();
    expect(await source.ended).toEqual({ kind: "removed", complete: true });
    await follower.has(2);
    expect(follower.texts).toEqual(["first", "last"]);
    expect(source.stats.via).toBe("files");
    expect(file.isOpen).toBe(false);
  });

  it("has them though no event told of the start", async () => {
    const root = dataRoot();
    await using fake = await FakeEngine.start();
    const brief = fake.create(BRIEF);
    const file = new BriefLog(brief.id, root);
    fake.fault = ({ path }) => (path.includes("/events") ? { status: 403 } : undefined);
    const source = new ContainerLogSource(brief.id, {
      engine: fake.engine,
      read: "files",
      files: { root },
    });
    const follower = new Follower(source);
    await follower.until(() => source.stats.state === "stopped", "stopped");
    await file.run("first", "last");
    brief.start();
    brief.remove();
    await follower.has(2);
    expect(follower.texts).toEqual(["first", "last"]);
    expect(await source.ended).toMatchObject({ kind: "removed" });
  });

  it("waits for the start where an attempt that failed has left a file, and holds nothing when it is closed", async () => {
    const root = dataRoot();
    await using fake = await FakeEngine.start();
    const brief = fake.create(BRIEF);
    const file = new BriefLog(brief.id, root);
    writeFileSync(file.path, "");
    const source = new ContainerLogSource(brief.id, {
      engine: fake.engine,
      read: "files",
      files: { root },
    });
    const follower = new Follower(source);
    await follower.until(() => source.stats.state === "stopped", "stopped");
    await expect.poll(() => file.isOpen).toBe(true);
    expect(follower.seen("restarted")).toEqual([]);
    expect(follower.seen("stopped")).toHaveLength(1);
    await source.close();
    await expect.poll(() => file.isOpen).toBe(false);
  });
});
