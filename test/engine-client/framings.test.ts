import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import {
  eager,
  eventually,
  Follower,
  nothingOpen,
  toLines,
  turns,
} from "../support/fake-follow.ts";
import { framings, ReframingEngine } from "../support/reframing-engine.ts";
import { listenings } from "../support/raw-peer.ts";
import { sizes, twoSizes } from "../support/size.ts";

const texts = ["", "tick", "ä€😀", "x".repeat(150)];
const text = (line: number): string =>
  `${line} ${line % 40 === 39 ? "y".repeat(40_000) : (texts[line % texts.length] ?? "")}`;

/** How many lines are written at once. */
const LINES = sizes({ short: 50, long: 100 });

describe.each(listenings)("over %s", twoSizes, (listening) => {
  it.each(framings)("an engine that answers with %s is followed exactly", async (framing) => {
    await using fake = await FakeEngine.start();
    await using peer = await ReframingEngine.start(fake, framing, listening);
    const web = fake.create({ name: "web" });
    const write = (count: number): void => {
      for (let line = 0; line < count; line++) {
        const stream = line % 3 === 0 ? "stderr" : "stdout";
        web.write(text(line), { stream });
      }
    };
    write(2 * LINES);
    const source = new ContainerLogSource("web", { engine: peer.engine, ...eager });
    const follower = new Follower(source);
    await follower.has(2 * LINES);
    for (let round = 1; round <= 4; round++) {
      write(LINES);
      if (round % 2 === 0) peer.cut();
      else await source.rotate();
      write(LINES);
      await turns();
      await follower.has(2 * LINES * (1 + round));
    }
    web.stop();
    await follower.status("stopped");
    expect(follower.lines).toEqual(toLines(web.written));
    expect(follower.seen("gap")).toEqual([]);
    // The first one, two rotations and two cuts, of which one may come before a follow is open. A cut that looks like the log's end
    // (HTTP/1.0) is read on behind without a reconnect.
    const follows = fake.requests.filter(({ path }) => path.includes("follow=1"));
    expect(follows.length).toBeGreaterThanOrEqual(4);
    await source.close();
    await nothingOpen(fake);
    await eventually(() => peer.connections === 0, "no connection to the peer");
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });

  it.each(framings)("the whole log of a stopped container comes with %s", async (framing) => {
    await using fake = await FakeEngine.start();
    await using peer = await ReframingEngine.start(fake, framing, listening);
    const web = fake.create({ name: "web" });
    for (let line = 0; line < 10 * LINES; line++) web.write(text(line));
    web.stop();
    const options = { engine: peer.engine, follow: false, bufferBytes: 1_000 };
    const follower = new Follower(new ContainerLogSource("web", options));
    await follower.finished();
    expect(follower.lines).toEqual(toLines(web.written));
    await nothingOpen(fake);
  });
});
