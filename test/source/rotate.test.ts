import { setTimeout as after } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { DockspoolError, SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, failure, Follower, nothingOpen, texts, toLines } from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

const follow = (options: SourceOptions = {}, name = "web"): Follower =>
  new Follower(new ContainerLogSource(name, { engine: fake.engine, ...eager, ...options }));

describe("rotate()", () => {
  it("is shared by calls that overlap, and a later call is another rotation", async () => {
    web.write("one");
    const follower = follow();
    await follower.has(1);
    const { source } = follower;
    const first = source.rotate();
    expect(source.rotate()).toBe(first);
    expect(await first).toMatchObject({
      container: web.id,
      generation: 2,
      reopened: true,
      awaited: ["reader"],
    });
    expect((await source.rotate()).generation).toBe(3);
    expect(source.stats).toMatchObject({ rotations: 2, generation: 3, state: "streaming" });
    web.write("two");
    await follower.has(2);
    await source.close();
    expect(follower.texts).toEqual(["one", "two"]);
    expect(follower.seen("rotated").map(({ rotation }) => rotation.generation)).toEqual([2, 3]);
    expect(follower.seen("opened").map(({ aligned }) => aligned)).toEqual([
      "first",
      "exact",
      "exact",
    ]);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("awaits the caller's tasks, names them, and the next stream has a group of its own", async () => {
    web.write("one");
    const follower = follow();
    await follower.has(1);
    const { source } = follower;
    const { tasks } = source;
    let ended = false;
    const heartbeat = tasks.run("heartbeat", async (signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await after(5);
      ended = true;
    });
    const rotation = await source.rotate();
    expect(ended).toBe(true);
    expect([...rotation.awaited].toSorted()).toEqual(["heartbeat", "reader"]);
    await heartbeat;
    expect(source.tasks).not.toBe(tasks);
    expect([tasks.size, source.tasks.names]).toEqual([0, ["reader"]]);
    await source.close();
  });

  it("works from within the loop's body", async () => {
    for (const line of ["one", "two", "three"]) web.write(line);
    const source = new ContainerLogSource("web", { engine: fake.engine });
    const seen: string[] = [];
    for await (const { line } of source) {
      seen.push(line);
      const { reopened, generation } = await source.rotate();
      expect([reopened, generation]).toEqual([true, seen.length + 1]);
      if (seen.length === 3) web.write("four");
      if (seen.length === 4) break;
    }
    expect(seen).toEqual(["one", "two", "three", "four"]);
    await nothingOpen(fake);
  });

  it("works while the buffer is full and nobody reads", async () => {
    for (let line = 0; line < 5_000; line++) web.write(`line ${line}`);
    const source = new ContainerLogSource("web", { engine: fake.engine, bufferBytes: 1_000 });
    const iterator = source[Symbol.asyncIterator]();
    const first = await iterator.next();
    const lines = first.done === true ? [] : [first.value.line];
    for (let round = 0; round < 3; round++) expect((await source.rotate()).reopened).toBe(true);
    expect(source.stats.bufferedBytes).toBeLessThan(200_000);
    while (lines.length < 5_000) {
      const next = await iterator.next();
      if (next.done === true) break;
      lines.push(next.value.line);
    }
    expect(lines).toEqual(texts(web.written));
    await source.close();
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("before anything was opened resolves with nothing reopened", async () => {
    const source = new ContainerLogSource("web", { engine: fake.engine });
    expect(await source.rotate()).toMatchObject({ reopened: false, generation: 0, awaited: [] });
    await source.close();
    expect(fake.requests).toEqual([]);
  });

  it("while the first stream opens is one with it", async () => {
    web.write("one");
    const follower = follow();
    const rotation = await follower.source.rotate();
    expect(rotation.reopened).toBe(true);
    await follower.has(1);
    await follower.source.close();
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("of a stopped container resolves with nothing reopened, and the next run is captured", async () => {
    web.write("one");
    const follower = follow();
    await follower.has(1);
    web.stop();
    await follower.status("stopped");
    await follower.until(() => follower.source.stats.state === "stopped");
    expect((await follower.source.rotate()).reopened).toBe(false);
    web.start();
    web.write("two");
    await follower.has(2);
    expect(follower.texts).toEqual(["one", "two"]);
    await follower.source.close();
  });

  it("while the container stops settles, and loses nothing", async () => {
    for (let round = 0; round < 20; round++) {
      const name = `c${round}`;
      const container = fake.create({ name });
      container.write("one");
      const follower = new Follower(
        new ContainerLogSource(name, { engine: fake.engine, ...eager, followRestarts: false }),
      );
      await follower.has(1);
      container.write("two");
      const rotation = follower.source.rotate();
      container.write("three");
      container.stop();
      await rotation;
      await follower.done;
      expect(follower.texts).toEqual(["one", "two", "three"]);
    }
    await nothingOpen(fake);
  });

  it("during a reconnect joins it", async () => {
    web.write("one");
    const follower = follow();
    await follower.has(1);
    fake.outage();
    await follower.status("reconnecting");
    const rotation = follower.source.rotate();
    expect(follower.source.rotate()).toBe(rotation);
    web.write("two");
    fake.restore();
    expect((await rotation).reopened).toBe(true);
    await follower.has(2);
    await follower.source.close();
    expect(follower.lines).toEqual(toLines(web.written));
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it("after the end rejects with CLOSED", async () => {
    const follower = follow();
    await follower.status("opened");
    await follower.source.close();
    await failure(follower.source.rotate(), "CLOSED");
  });

  describe("of a source that has ended rejects with CLOSED, and says what became of it", () => {
    const refusal = async ({ source }: Follower): Promise<DockspoolError> => {
      const error = await failure(source.rotate(), "CLOSED");
      expect(source.tasks.signal.reason).toMatchObject({ code: "CLOSED", message: error.message });
      return error;
    };

    it("since the container was removed", async () => {
      const follower = follow();
      await follower.status("opened");
      web.remove();
      await follower.done;
      const { message } = await refusal(follower);
      expect(message).toMatch(
        /^The source of container \S+ has ended: the container was removed\.$/,
      );
    });

    it("since its log was to be read to its end", async () => {
      web.write("one");
      const follower = follow({ follow: false });
      await follower.done;
      expect((await refusal(follower)).message).toMatch(
        / has ended: the log was read to its end\.$/,
      );
    });

    it("since it was to end where the container stops", async () => {
      const follower = follow({ followRestarts: false });
      await follower.status("opened");
      web.stop();
      await follower.done;
      expect((await refusal(follower)).message).toMatch(/ has ended: the container has stopped\.$/);
    });

    it("since it was aborted", async () => {
      const controller = new AbortController();
      const follower = follow({ signal: controller.signal });
      await follower.status("opened");
      controller.abort("enough");
      await follower.done;
      const { message, cause } = await refusal(follower);
      expect(message).toMatch(/ was aborted\.$/);
      expect(cause).toBe("enough");
    });

    it("since it has failed", async () => {
      fake.create({ name: "silent", logDriver: "none" });
      const follower = follow({}, "silent");
      await follower.done;
      const { message, cause } = await refusal(follower);
      expect(message).toMatch(/ has failed: .+[^.]\.$/);
      expect(cause).toBe(follower.error);
    });
  });

  it("and close(): close wins, and both settle", async () => {
    web.write("one");
    const follower = follow();
    await follower.has(1);
    const [rotation, closing] = await Promise.allSettled([
      follower.source.rotate(),
      follower.source.close(),
    ]);
    expect(closing.status).toBe("fulfilled");
    expect(rotation.status).toBe("rejected");
    if (rotation.status === "rejected") expect(rotation.reason).toMatchObject({ code: "CLOSED" });
    await follower.done;
    expect(await follower.source.ended).toEqual({ kind: "closed" });
    await nothingOpen(fake);
  });
});
