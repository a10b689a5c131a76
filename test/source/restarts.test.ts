import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import {
  eager,
  eventually,
  Follower,
  nothingOpen,
  toLines,
  turns,
} from "../support/fake-follow.ts";

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

const follow = (name: string, options: SourceOptions = {}): Follower =>
  new Follower(new ContainerLogSource(name, { engine: fake.engine, ...eager, ...options }));

describe("a run of milliseconds of a container that had stopped", () => {
  it("is captured also where it is over before the engine's events are listened to", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow("web");
    await follower.status("opened");
    fake.fault = ({ path }) => (path.startsWith("/events") ? { delayMs: 50 } : undefined);
    web.stop();
    await follower.status("stopped");
    web.start();
    web.write("short");
    web.stop();
    await follower.has(1);
    expect(follower.texts).toEqual(["short"]);
    await follower.source.close();
    await nothingOpen(fake);
  });

  it("is captured at whatever moment it comes", async () => {
    for (let count = 0; count < 40; count++) {
      const web = fake.create({ name: `web${count}` });
      const follower = follow(`web${count}`);
      web.stop();
      await turns(count);
      web.start();
      web.write("short");
      web.stop();
      await follower.has(1);
      expect(follower.texts).toEqual(["short"]);
      await follower.source.close();
    }
  });

  it("is captured before the container is removed, or the end says that something may be missing", async () => {
    const runBriefly = async (count: number): Promise<void> => {
      const web = fake.create({ name: `web${count}` });
      const follower = follow(`web${count}`);
      await follower.status("opened");
      web.stop();
      await turns(count);
      web.start();
      web.write("short");
      await turns(count % 7);
      web.remove();
      await follower.done;
      const end = await follower.source.ended;
      expect(end.kind).toBe("removed");
      if (end.kind === "removed" && end.complete) expect(follower.texts).toEqual(["short"]);
    };
    // The engine keeps the events of so many at once.
    for (let from = 0; from < 40; from += 10)
      await Promise.all(Array.from({ length: 10 }, (_, index) => runBriefly(from + index)));
  });
});

/** The first read of its log finds it started, and in the middle of a line. */
function beginsAtRead(web: FakeContainer): void {
  let isStopped = true;
  fake.fault = ({ path }) => {
    if (path.includes("/logs") && isStopped) {
      isStopped = false;
      web.start();
      web.write("begun", { partial: true });
    }
    return undefined;
  };
}

describe("a container that starts again", () => {
  it("is followed on, its unfinished lines ended, with a status for each stop and start", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow("web");
    for (let run = 1; run <= 3; run++) {
      web.write(`run ${run}`);
      web.write(`unfinished ${run}`, { partial: true });
      web.stop();
      await follower.has(2 * run);
      await follower.status("stopped", run);
      web.start();
      await follower.status("restarted", run);
    }
    expect(follower.lines).toEqual(toLines(web.written));
    await follower.source.close();
  });

  it("ends the source with followRestarts: false, after its last line", async () => {
    const web = fake.create({ name: "web" });
    const follower = follow("web", { followRestarts: false });
    await follower.status("opened");
    web.write("last");
    web.stop();
    await follower.done;
    expect(follower.texts).toEqual(["last"]);
    expect(await follower.source.ended).toEqual({ kind: "stopped" });
    await nothingOpen(fake);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 8, 12])(
    "within a terminal's line, %d turns after its beginning, shows two lines, and no gap",
    async (count) => {
      const web = fake.create({ name: "web", tty: true });
      const follower = follow("web");
      web.write("prompt> ", { partial: true });
      await turns(count);
      web.stop();
      web.start();
      web.write("welcome");
      await follower.has(2);
      expect(follower.lines).toEqual(toLines(web.written));
      expect(follower.seen("gap")).toEqual([]);
      await follower.source.close();
    },
  );

  it.each([
    ["with nothing before it", []],
    ["with a line before it", ["earlier"]],
    ["with a line before it that has no end", ["earlier", "unended"]],
  ])("within a read of what its terminal left, %s, leaves its line open", async (_, left) => {
    const web = fake.create({ name: "web", tty: true });
    for (const text of left) web.write(text, { partial: text === "unended" });
    web.stop();
    beginsAtRead(web);
    const follower = follow("web");
    await follower.status("opened");
    await turns(20);
    web.write(", and ended");
    web.write("next");
    await follower.has(left.length + 2);
    expect(follower.lines).toEqual(toLines(web.written));
    expect(follower.seen("gap")).toEqual([]);
    await follower.source.close();
  });

  it.each([{ from: "now" }, { from: { tail: 1 } }] as const)(
    "and begins a line while the place to begin is looked for, has that line whole with %j",
    async (options) => {
      const web = fake.create({ name: "web" });
      web.write("earlier");
      web.stop();
      beginsAtRead(web);
      const follower = follow("web", options);
      await follower.status("opened");
      await turns(20);
      web.write(", and ended");
      web.write("next");
      await follower.until(() => follower.texts.includes("next"), "the next line");
      expect(follower.texts.slice(-2)).toEqual(["begun, and ended", "next"]);
      expect(follower.seen("gap")).toEqual([]);
      await follower.source.close();
    },
  );

  it("under another name keeps its log, and says so", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    const follower = follow("web");
    await follower.has(1);
    web.rename("other");
    await eventually(() => fake.open.follows === 1);
    await follower.source.rotate();
    web.stop();
    web.start();
    web.write("two");
    await follower.has(2);
    expect(follower.seen("renamed")).toEqual([{ type: "renamed", from: "web", to: "other" }]);
    expect(follower.records[1]?.container.name).toBe("other");
    await follower.source.close();
  });
});
