import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { Follower } from "../support/fake-follow.ts";
import { sizes, twoSizes } from "../support/size.ts";

/** How many entries the latest log request asked for. */
function tailAsked(fake: FakeEngine): number {
  const last = fake.requests.findLast(({ path }) => path.includes("/logs"));
  const { searchParams } = new URL(last?.path ?? "/", "http://x");
  expect(searchParams.get("since")).toBeNull();
  return Number(searchParams.get("tail"));
}

/** Without the looks at a last entry, of a log that was silent for a while. */
function logRequests(fake: FakeEngine): number {
  return fake.requests.filter(({ path }) => path.includes("/logs") && !path.endsWith("tail=1"))
    .length;
}

/** The first ones still reckon with the rate of the burst; on a busy machine some more do. How many requests the last one made. */
async function rotateUntilCheap(source: ContainerLogSource, fake: FakeEngine): Promise<number> {
  for (let rounds = 1; ; rounds++) {
    const before = logRequests(fake);
    await source.rotate();
    if (rounds >= 4 && (tailAsked(fake) < 1_000 || rounds === 30))
      return logRequests(fake) - before;
  }
}

describe("the cost of a rotation", () => {
  it("does not grow with the log", twoSizes, async () => {
    const lines = sizes({ short: 12_000, long: 50_000 });
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    const source = new ContainerLogSource("web", { engine: fake.engine });
    const follower = new Follower(source);
    for (let line = 0; line < lines; line++) web.write(`line ${line}`);
    await follower.has(lines);
    expect(await rotateUntilCheap(source, fake)).toBe(1);
    expect(tailAsked(fake)).toBeLessThan(1_000);
    await source.close();
  });

  it("does not grow with a line that began long ago and does not end", twoSizes, async () => {
    const parts = sizes({ short: 6_000, long: 20_000 });
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    const source = new ContainerLogSource("web", { engine: fake.engine });
    const follower = new Follower(source);
    for (let part = 0; part < parts; part++) web.write(".", { partial: true });
    for (let line = 0; line < 100; line++) web.write(`err ${line}`, { stream: "stderr" });
    await follower.has(100);
    await rotateUntilCheap(source, fake);
    expect(tailAsked(fake)).toBeLessThan(1_000);
    web.write("end");
    await follower.has(101);
    expect(follower.texts[100]).toBe(`${".".repeat(parts)}end`);
    await source.close();
  });
});
