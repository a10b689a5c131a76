import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CHANNELS } from "../../src/lifetime/channels.ts";
import { StreamPool } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eager } from "../support/fake-follow.ts";
import { Heard } from "../support/heard.ts";

const text = readFileSync(join(import.meta.dirname, "../../docs/channels.md"), "utf8");
const rows = [...text.matchAll(/^\|(.+)\|$/gm)].map(([, row = ""]) =>
  row.split(/(?<!\\)\|/).map((cell) => cell.trim()),
);
const codes = (cell = ""): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);

describe("docs/channels.md", () => {
  it("has each channel, and no other", () => {
    const documented = rows.flatMap(([first]) => codes(first));
    const names = documented.filter((name) => name.startsWith("dockspool:"));
    expect(names.toSorted()).toEqual(Object.values(CHANNELS).toSorted());
    expect(documented.filter((name) => name.startsWith("tracing:"))).toEqual([
      `tracing:${CHANNELS.rotation}:*`,
      `tracing:${CHANNELS.delivery}:*`,
    ]);
  });

  it("has the fields of each message", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    web.start();
    using rotations = new Heard("dockspool:rotation");
    using reconnects = new Heard("dockspool:reconnect");
    using gaps = new Heard("dockspool:gap");
    using deliveries = new Heard("dockspool:delivery");
    using phases = new Heard("dockspool:phase");
    using discovered = new Heard("dockspool:discovered-container");
    const pool = new StreamPool({ engine: fake.engine, from: "start", source: eager });
    const delivery = pool.deliver(() => {}, { maxWaitMs: 1 });
    web.write("one");
    await pool.ready();
    await expect.poll(() => deliveries.messages.length).toBe(1);
    await pool.rotate();
    fake.outage();
    for (let line = 0; line < 50; line++) web.write("lost");
    web.write("kept");
    web.truncate(1);
    fake.restore();
    await expect.poll(() => gaps.messages.length, { timeout: 30_000 }).toBe(1);
    await delivery.stop();
    await pool.close();
    const heard = { rotations, reconnects, gaps, deliveries, phases, discovered };
    const fields = new Map(rows.map(([first, , third]) => [codes(first).join(), codes(third)]));
    const known = rows.flatMap(([first]) => codes(first));
    const channels = {
      rotations: CHANNELS.rotation,
      reconnects: CHANNELS.reconnect,
      gaps: CHANNELS.gap,
      deliveries: CHANNELS.delivery,
      phases: CHANNELS.phase,
      discovered: CHANNELS.discoveredContainer,
    };
    for (const [kind, name] of Object.entries(channels)) {
      const [message] = heard[kind as keyof typeof heard].messages;
      const own = Object.keys(message ?? {}).filter((key) => !["container", "info"].includes(key));
      const told = (fields.get(name) ?? []).filter((code) => !["type", "kind"].includes(code));
      expect([name, told.filter((code) => code !== "deadLetter").toSorted()]).toEqual([
        name,
        own.toSorted(),
      ]);
      const undocumented = Object.keys(message ?? {}).filter((key) => !known.includes(key));
      expect(undocumented.filter((key) => !["from", "to"].includes(key))).toEqual([]);
    }
  });
});

it("dockspool:discovered-container tells what becomes of each, and why it is skipped", async () => {
  using heard = new Heard("dockspool:discovered-container");
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  const silent = fake.create({ name: "silent", logDriver: "none" });
  for (const container of [web, silent]) container.start();
  const pool = new StreamPool({ engine: fake.engine, source: eager });
  pool.deliver(() => {});
  const skipped: unknown[] = [];
  pool.on("skipped", ({ error }) => skipped.push(error));
  await pool.ready();
  await expect.poll(() => skipped.length).toBe(1);
  const of = (id: string): object[] => heard.messages.filter(({ container }) => container === id);
  const [info] = [...pool.sources.values()].map((source) => source.info);
  expect(of(web.id)).toMatchObject([
    { name: "web", from: { kind: "found" }, to: { kind: "looking" }, error: undefined },
    { name: "web", info, from: { kind: "looking" }, to: { kind: "followed" }, error: undefined },
  ]);
  expect(of(silent.id).at(-1)).toMatchObject({
    name: "silent",
    to: { kind: "skipped" },
    error: skipped[0],
  });
  // What it keeps besides is not handed out.
  for (const { from, to } of heard.messages)
    expect([Object.keys(from), Object.keys(to)]).toEqual([["kind"], ["kind"]]);
  await pool.close();
});
