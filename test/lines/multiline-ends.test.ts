import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eager, Follower, nothingOpen } from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

const err = { stream: "stderr" } as const;
/** No record is complete for having waited. */
const multiline = { start: /^E/, maxWaitMs: 2 ** 31 - 1 };

function follow(
  options: SourceOptions = {},
  visit?: ConstructorParameters<typeof Follower>[1],
): Follower {
  return new Follower(
    new ContainerLogSource("web", { engine: fake.engine, ...eager, multiline, ...options }),
    visit,
  );
}

/** An open record in each stream: what shows that the first one has ended is known to have come. */
async function open(follower: Follower): Promise<void> {
  for (const line of ["E err", " at err", " at end"]) web.write(line, err);
  for (const line of ["E0", "E1"]) web.write(line);
  await follower.has(1);
}

const OPEN = ["E0", "E err\n at err\n at end", "E1"];

describe("open records are complete when", () => {
  it("their container stops, and its next run begins others", async () => {
    const follower = follow();
    await open(follower);
    web.stop();
    await follower.has(3);
    expect(follower.texts).toEqual(OPEN);
    web.start();
    for (const line of [" boot", "E2"]) web.write(line);
    await follower.has(4);
    expect(follower.texts).toEqual([...OPEN, " boot"]);
    await follower.source.close();
  });

  it("their container is restarted", async () => {
    const follower = follow();
    await open(follower);
    web.restart();
    for (const line of [" boot", "E2"]) web.write(line);
    for (const line of [" boot err", "E3"]) web.write(line, err);
    await follower.has(5);
    expect(follower.texts.toSorted()).toEqual([...OPEN, " boot", " boot err"].toSorted());
    await follower.source.close();
  });

  it("their container is removed", async () => {
    const follower = follow();
    await open(follower);
    web.remove();
    await follower.finished();
    expect(follower.texts).toEqual(OPEN);
    expect((await follower.source.ended).kind).toBe("removed");
  });

  it("their container stops, and with it their source", async () => {
    const follower = follow({ followRestarts: false });
    await open(follower);
    web.stop();
    await follower.finished();
    expect(follower.texts).toEqual(OPEN);
  });

  it("the log is read to its end", async () => {
    for (const line of ["E1", " at a"]) web.write(line);
    web.write(" at end", { partial: true });
    const follower = follow({ follow: false });
    await follower.finished();
    expect(follower.texts).toEqual(["E1\n at a\n at end"]);
  });

  it("their source is closed", async () => {
    const follower = follow();
    await open(follower);
    await follower.source.close();
    await follower.done;
    expect(follower.texts).toEqual(OPEN);
  });

  it("reading fails, behind which the loop throws", async () => {
    const follower = follow();
    await open(follower);
    const garbage = Buffer.from("no frame at all, and long enough to be seen as one");
    follower.source.on("opened", () => web.writeRaw(garbage));
    web.writeRaw(garbage);
    await follower.done;
    expect(follower.error).toMatchObject({ code: "PROTOCOL" });
    expect(follower.texts).toEqual(OPEN);
  });
});

describe("an open record", () => {
  it("goes on over rotations, cuts and stalls", async () => {
    const follower = follow();
    await follower.status("opened");
    const lines = ["E1"];
    web.write("E1");
    for (let round = 0; round < 12; round++) {
      if (round % 3 === 0) await follower.source.rotate();
      else if (round % 3 === 1) web.cut();
      else web.stall();
      for (const line of [` at ${round}`, ` in ${round}`]) {
        lines.push(line);
        web.write(line);
      }
    }
    await follower.source.rotate();
    web.write("E2");
    await follower.has(1);
    expect(follower.texts).toEqual([lines.join("\n")]);
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
    await follower.source.close();
  });

  it("goes on while its container is paused", async () => {
    const follower = follow();
    web.write("E1");
    await follower.status("opened");
    web.pause();
    await follower.source.rotate();
    web.start();
    for (const line of [" at a", "E2"]) web.write(line);
    await follower.has(1);
    expect(follower.texts).toEqual(["E1\n at a"]);
    await follower.source.close();
  });

  it("is not handed out where the source is aborted", async () => {
    const controller = new AbortController();
    const follower = follow({ signal: controller.signal });
    await open(follower);
    const reason = new Error("enough");
    controller.abort(reason);
    await follower.done;
    expect(follower.error).toBe(reason);
    expect(follower.texts).toEqual(["E0"]);
    await nothingOpen(fake);
  });

  it("comes again where the loop was left", async () => {
    const first = follow({}, (_, index) => (index === 1 ? "break" : undefined));
    await open(first);
    web.write("E2");
    await first.finished();
    expect(first.texts).toEqual(["E0", "E1"]);
    const { cursor } = first.source;
    if (cursor === undefined) throw new Error("no cursor");
    web.stop();
    const second = follow({ resume: cursor, follow: false });
    await second.finished();
    expect(second.texts).toEqual(["E1", "E err\n at err\n at end", "E2"]);
  });
});
