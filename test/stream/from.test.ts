import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeEngineOptions } from "../../src/testing.ts";
import { eager, eventually, Follower, texts, toLines, turns } from "../support/fake-follow.ts";
import { sizes, twoSizes } from "../support/size.ts";

const start = (fake: FakeEngine, options: SourceOptions): Follower =>
  new Follower(new ContainerLogSource("web", { engine: fake.engine, ...eager, ...options }));

/** What a source that reads to the log's end delivers. */
async function read(fake: FakeEngine, options: SourceOptions): Promise<string[]> {
  const follower = start(fake, { ...options, follow: false });
  await follower.finished();
  return follower.texts;
}

describe("from now", () => {
  it.each([0, 1, 3, 70, 600])("begins behind the %d lines that are there", async (count) => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    for (let line = 0; line < count; line++)
      web.write(`old ${line}`, { timestamp: "2026-11-23T15:58:34Z" });
    const follower = start(fake, { from: "now" });
    await follower.status("opened");
    for (const line of ["one", "two"]) web.write(line);
    await follower.has(2);
    expect(follower.texts).toEqual(["one", "two"]);
    await follower.source.close();
  });

  it.each([0, 5])(
    "keeps what is written from its opening on, cut before any line was seen (%d lines before)",
    async (count) => {
      await using fake = await FakeEngine.start();
      const web = fake.create({ name: "web" });
      for (let line = 0; line < count; line++) web.write(`old ${line}`);
      const follower = start(fake, { from: "now" });
      await follower.status("opened");
      await eventually(() => fake.open.follows === 1);
      for (let round = 0; round < 5; round++) {
        fake.outage();
        web.write(`round ${round}`);
        fake.restore();
        await turns(round);
      }
      await follower.has(5);
      expect(follower.texts).toEqual(["round 0", "round 1", "round 2", "round 3", "round 4"]);
      await follower.source.close();
    },
  );

  it.each([1, 200])(
    "delivers a line that had begun before whole or not at all (%d parts)",
    async (parts) => {
      await using fake = await FakeEngine.start();
      const web = fake.create({ name: "web" });
      for (let part = 0; part < parts; part++) {
        web.write("old ", { partial: true });
        if (part % 20 === 0) web.write(`err ${part}`, { stream: "stderr" });
      }
      const follower = start(fake, { from: "now" });
      await follower.status("opened");
      web.write("rest");
      web.write("new");
      await follower.until(() => follower.texts.includes("new"));
      expect([["new"], [`${"old ".repeat(parts)}rest`, "new"]]).toContainEqual(follower.texts);
      await follower.source.close();
    },
  );
});

describe("from a tail", () => {
  it.each([0, 1, 2, 5, 64, 65, 200, 10_000])(
    "of %d delivers so many of the last lines",
    async (tail) => {
      await using fake = await FakeEngine.start();
      const web = fake.create({ name: "web" });
      for (let line = 0; line < 300; line++) web.write(`line ${line}`);
      expect(await read(fake, { from: { tail } })).toEqual(
        tail === 0 ? [] : texts(web.written).slice(-tail),
      );
    },
  );

  it("counts lines of the chosen streams, not parts, and not other streams' lines", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    for (let line = 0; line < 5; line++) {
      web.write("e".repeat(50_000) + line, { stream: "stderr" });
      for (let other = 0; other < 100; other++) web.write(`o ${line} ${other}`);
    }
    const stderr = texts(web.written).filter((line) => line.startsWith("e"));
    expect(await read(fake, { from: { tail: 2 }, streams: ["stderr"] })).toEqual(stderr.slice(-2));
    expect(await read(fake, { from: { tail: 102 } })).toEqual(texts(web.written).slice(-102));
  });

  it("delivers its first line whole, however its parts interleave with others", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    for (let part = 0; part < 200; part++) {
      web.write(`part ${part} `, { partial: true });
      if (part % 20 === 0) web.write(`err ${part}`, { stream: "stderr" });
    }
    web.write("end");
    const written = texts(web.written);
    for (const tail of [1, 2, 5])
      expect(await read(fake, { from: { tail } })).toEqual(written.slice(-tail));
  });

  it("goes on with what is written later", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    for (const line of ["a", "b", "c"]) web.write(line);
    const follower = start(fake, { from: { tail: 1 } });
    await follower.has(1);
    web.write("d");
    await follower.has(2);
    expect(follower.texts).toEqual(["c", "d"]);
    await follower.source.close();
  });
});

const engines: readonly FakeEngineOptions[] = (
  ["per-line", "first-match", "exclusive"] as const
).flatMap((since) => (["ns", "s", "offset"] as const).map((timestamps) => ({ since, timestamps })));

describe.each(engines)(
  "from a time, on an engine with since $since and timestamps $timestamps",
  (engine) => {
    it(
      "begins with the first line at or after it, in log order, also where time ran backwards",
      twoSizes,
      async () => {
        await using fake = await FakeEngine.start(engine);
        const web = fake.create({ name: "web" });
        const seconds = [10, 20, 30, 28, 40, 39, 38, 50, 50, 49, 60];
        for (const [index, second] of seconds.entries()) {
          const stream = index % 2 === 0 ? "stdout" : "stderr";
          web.write(`line ${index}`, {
            stream,
            timestamp: `2026-11-23T15:58:${second}Z`.replace(":60Z", ":59.5Z"),
          });
        }
        const base = Date.UTC(2026, 10, 23, 15, 58);
        for (const [second, first] of [
          [0, 0],
          [10, 0],
          [11, 1],
          [29, 2],
          [39, 4],
          [50, 7],
          [59, 10],
        ] as const) {
          const expected = texts(web.written).slice(first);
          const time = new Date(base + second * 1000);
          const local = new Date(time.getTime() + 2 * 3_600_000)
            .toISOString()
            .replace("Z", "+02:00");
          const spellings = [time, time.toISOString(), local];
          for (const since of sizes({ short: [spellings[first % 3] ?? time], long: spellings }))
            expect(await read(fake, { from: { since } })).toEqual(expected);
        }
      },
    );

    it("begins there in a long log, and reads only its end", async () => {
      await using fake = await FakeEngine.start(engine);
      const web = fake.create({ name: "web" });
      const base = Date.UTC(2026, 10, 23, 12);
      for (let line = 0; line < 5_000; line++) {
        web.write(`line ${line}`, { timestamp: new Date(base + line * 1000).toISOString() });
      }
      expect(await read(fake, { from: { since: new Date(base + 4_900_000) } })).toEqual(
        texts(web.written).slice(4_900),
      );
      expect(
        fake.requests.filter(({ path }) => path.includes("since=") || path.includes("tail=all")),
      ).toEqual([]);
    });

    it("later than the log delivers nothing, until there is something later", async () => {
      await using fake = await FakeEngine.start(engine);
      const web = fake.create({ name: "web" });
      web.write("old", { timestamp: "2026-11-23T15:58:34Z" });
      const follower = start(fake, { from: { since: "2026-11-23T16:00:00Z" } });
      await follower.status("opened");
      web.write("still old", { timestamp: "2026-11-23T15:59:59Z" });
      web.write("new", { timestamp: "2026-11-23T16:00:00Z" });
      web.write("backwards", { timestamp: "2026-11-23T15:59:59Z" });
      await follower.has(2);
      expect(follower.texts).toEqual(["new", "backwards"]);
      await follower.source.close();
    });
  },
);

describe("follow: false", () => {
  it("ends at the end of the log as it is, with an unfinished last line", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    web.write("one");
    web.write("unfinished", { partial: true, stream: "stderr" });
    const follower = start(fake, { follow: false });
    await follower.done;
    expect(follower.texts).toEqual(["one", "unfinished"]);
    expect(await follower.source.ended).toEqual({ kind: "finished" });
  });

  it("of a stopped container ends too, and of an empty log at once", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web", tty: true });
    expect(await read(fake, {})).toEqual([]);
    web.write("one");
    web.stop();
    const follower = start(fake, { follow: false });
    await follower.done;
    expect(follower.lines).toEqual(toLines(web.written));
  });
});
