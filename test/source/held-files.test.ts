import { renameSync, rmSync, symlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { laterTimes } from "../files/written-log.ts";
import { BEHIND, FILES, SlowReading } from "../support/slow-reading.ts";

describe("a source that has files open which are deleted", () => {
  it("loses none of their lines to rotations", async () => {
    await using at = await SlowReading.begin();
    at.overtake();
    await at.source.rotate();
    await at.source.rotate();
    expect(at.open).toBe(FILES);
    expect(at.follower.seen("rotated")).toHaveLength(2);
    expect(await at.read()).toEqual(at.all());
    await expect.poll(() => at.open).toBe(1);
    await at.source.rotate();
    at.write(1);
    expect(await at.read()).toEqual(at.all());
    expect(at.open).toBe(1);
    await at.source.close();
    expect(at.open).toBe(0);
  });

  it("lets others go on while it is rotated without a pause", async () => {
    await using at = await SlowReading.begin();
    at.overtake();
    const others = new AbortController();
    setTimeout(() => others.abort(), 0);
    for (let time = 0; time < 2_000 && !others.signal.aborted; time++) await at.source.rotate();
    expect(others.signal.aborted).toBe(true);
    expect(await at.read()).toEqual(at.all());
  });

  it("loses none to rotations by a timer", async () => {
    await using at = await SlowReading.begin({ rotateEveryMs: 20 });
    at.overtake();
    await at.follower.status("rotated", 4);
    expect(await at.read()).toEqual(at.all());
  });

  it("loses none where a rotation has found its place, and waits for room", async () => {
    await using at = await SlowReading.begin({ fileCount: 1, asleepAt: BEHIND });
    await at.source.rotate();
    for (let file = 0; file < FILES; file++) {
      await laterTimes(at.root);
      at.fill(1);
      await at.source.rotate();
    }
    expect(await at.read()).toEqual(at.all());
  });

  it("tells of damage behind its place once", async () => {
    await using at = await SlowReading.begin({ fileCount: 1, lines: 1 });
    at.log.rotate();
    at.log.raw(Buffer.alloc(4_096));
    at.write(1);
    await at.follower.until(() => at.isOpen(at.log.path), "the next file");
    at.fill(1);
    await at.source.rotate();
    await at.source.rotate();
    expect(await at.read()).toEqual(at.all(1));
  });

  it("reads them to their end where the container is removed", async () => {
    await using at = await SlowReading.begin();
    at.web.stop();
    at.log.remove();
    await at.source.rotate();
    expect(await at.read()).toEqual(at.all());
    expect(await at.source.ended).toEqual({ kind: "removed", complete: true });
    expect(at.open).toBe(0);
  });

  it.each([{ fileCount: FILES }, { fileCount: 1, asleepAt: BEHIND }])(
    "reads them to their end where the container had stopped, and is removed: %j",
    async (given) => {
      await using at = await SlowReading.begin({ ...given, isStopped: true });
      await at.source.rotate();
      at.log.remove();
      await at.source.rotate();
      expect(await at.read()).toEqual(at.all());
      expect(await at.source.ended).toMatchObject({ kind: "removed" });
      expect(at.open).toBe(0);
    },
  );

  it("reads them to their end without follow", async () => {
    await using at = await SlowReading.begin({ follow: false });
    const { root } = at;
    renameSync(`${root}/containers`, `${root}/moved`);
    await at.source.rotate();
    expect(await at.read()).toEqual(at.all());
    expect(await at.source.ended).toEqual({ kind: "finished" });
    expect(at.open).toBe(0);
  });

  it.each([{ isStopped: false }, { isStopped: true }])(
    "closes them when it is closed while a rotation waits for a task: %j",
    async (given) => {
      await using at = await SlowReading.begin(given);
      at.overtake();
      let end = (): void => {};
      void at.source.tasks.run("mine", () => new Promise<void>((resolve) => (end = resolve)));
      const rotation = at.source.rotate().catch((error: unknown) => error);
      await at.follower.status("rotating");
      await at.follower.until(
        () => at.source.stats.state === "rotating",
        "a stream that is closing",
      );
      const closed = at.source.close();
      end();
      await closed;
      expect(await rotation).toMatchObject({ code: "CLOSED" });
      expect(at.open).toBe(0);
    },
  );

  it("closes them when its signal is aborted", async () => {
    const abort = new AbortController();
    await using at = await SlowReading.begin({ signal: abort.signal });
    at.overtake();
    await at.source.rotate();
    abort.abort();
    at.wake();
    await at.source.ended;
    await expect.poll(() => at.open).toBe(0);
  });

  it("closes them when it can't read on", async () => {
    await using at = await SlowReading.begin();
    at.overtake();
    await at.source.rotate();
    rmSync(at.log.path);
    symlinkSync("/etc/hostname", at.log.path);
    at.wake();
    await at.follower.done.catch(() => {});
    expect(await at.source.ended).toMatchObject({
      kind: "failed",
      error: { code: "FILES_UNREADABLE" },
    });
    expect(at.open).toBe(0);
  });
});
