import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer, Fault } from "../../src/testing.ts";
import { eager, eventually, Follower, nothingOpen, toLines } from "../support/fake-follow.ts";

let fake: FakeEngine;
let web: FakeContainer;
beforeEach(async () => {
  fake = await FakeEngine.start();
  web = fake.create({ name: "web" });
});
afterEach(() => fake.close());

const follow = (options: SourceOptions = {}): Follower =>
  new Follower(new ContainerLogSource("web", { engine: fake.engine, ...eager, ...options }));

/** The next `count` requests of a kind go wrong. */
function failNext(count: number, part: string, fault: Fault): void {
  let left = count;
  fake.fault = ({ path }) => {
    const isMeant = path.includes(part) && (!("endEarly" in fault) || path.includes("follow=1"));
    return isMeant && left-- > 0 ? fault : undefined;
  };
}

const transient: Readonly<Record<string, Fault>> = {
  "a 500": { status: 500 },
  "a 503": { status: 503 },
  "a 409": { status: 409, message: "container is being removed" },
  "a redirect to nowhere": { redirect: "http://127.0.0.1:1/elsewhere" },
  "a cut before the first byte": { cutAfterBytes: 0 },
  "a cut within a frame": { cutAfterBytes: 60 },
  "an early end of a follow": { endEarly: 2 },
};

describe.each(Object.entries(transient))("%s", (name, fault) => {
  it.each(["/json", "/logs"])("of the first requests of %s loses nothing", async (part) => {
    for (const line of ["one", "two", "three"]) web.write(line);
    failNext(3, part, fault);
    const follower = follow();
    // Who has never answered as an engine does is none.
    if (name === "a redirect to nowhere" && part === "/json") {
      await follower.done;
      expect(follower.error).toMatchObject({ code: "ENGINE_RESPONSE" });
      return;
    }
    if (name === "an early end of a follow") web.stop();
    await follower.has(3);
    expect(follower.lines).toEqual(toLines(web.written));
    await follower.source.close();
    await nothingOpen(fake);
  });

  it("of later log requests loses nothing", async () => {
    web.write("one");
    const follower = follow();
    await follower.has(1);
    if (name === "a redirect to nowhere") return follower.source.close();
    failNext(3, "/logs", fault);
    web.cut();
    for (const line of ["two", "three", "four"]) web.write(line);
    if (name === "an early end of a follow") web.stop();
    await follower.has(4);
    expect(follower.lines).toEqual(toLines(web.written));
    if (name !== "an early end of a follow")
      expect(follower.source.stats.reconnects).toBeGreaterThan(0);
    await follower.source.close();
    return nothingOpen(fake);
  });
});

describe("headers that do not come", () => {
  it("are waited for as long as connectTimeoutMs says, and then it is tried again", async () => {
    web.write("one");
    failNext(2, "/logs", { withholdHeaders: true });
    const engine = { ...fake.engine, connectTimeoutMs: 20 };
    const follower = follow({ engine });
    await follower.has(1);
    expect(String(follower.seen("reconnecting")[0]?.error)).toContain("20 ms");
    await follower.source.close();
    await nothingOpen(fake);
  });

  it("but come late are fine", async () => {
    web.write("one");
    fake.fault = () => ({ delayMs: 10 });
    const follower = follow();
    await follower.has(1);
    await follower.source.rotate();
    await follower.source.close();
    expect(follower.seen("reconnecting")).toEqual([]);
  });
});

describe("an engine", () => {
  it("that is not up yet is waited for", async () => {
    web.write("one");
    fake.outage();
    const follower = follow();
    await follower.status("reconnecting", 2);
    fake.restore();
    await follower.has(1);
    expect(follower.seen("opened")).toHaveLength(1);
    await follower.source.close();
  });

  it("that comes and goes loses no line and repeats none", async () => {
    const follower = follow();
    for (let round = 0; round < 20; round++) {
      web.write(`round ${round}`);
      fake.outage();
      web.write(`round ${round} in the outage`, { stream: "stderr" });
      fake.restore();
      await follower.has(2 * round + 2);
    }
    expect(follower.lines).toEqual(toLines(web.written));
    await follower.source.close();
    expect(fake.open.maxFollowsOfOneContainer).toBe(1);
  });
});

describe("in the stream", () => {
  it("an error frame becomes a status, and reading goes on behind it", async () => {
    web.write("one");
    const follower = follow();
    await follower.has(1);
    await eventually(() => fake.open.follows === 1);
    const message = "Error grabbing logs: unexpected EOF";
    web.writeRaw(
      Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, message.length]), Buffer.from(message)]),
    );
    web.write("two");
    await follower.has(2);
    expect(follower.seen("engine-error")).toEqual([{ type: "engine-error", message }]);
    expect(follower.texts).toEqual(["one", "two"]);
    await follower.source.close();
  });

  it("garbage ends one stream: the next one brings all that follows, once", async () => {
    web.write("one");
    const follower = follow();
    await follower.has(1);
    web.write("two");
    web.writeRaw(Buffer.from("\u0000garbage"));
    web.write("three");
    await follower.has(3);
    expect(follower.lines).toEqual(toLines(web.written));
    expect(follower.seen("reconnecting").at(-1)?.error).toMatchObject({ code: "PROTOCOL" });
    await follower.source.close();
    await nothingOpen(fake);
  });

  it("garbage at every look ends the source with PROTOCOL, after the lines before it", async () => {
    web.write("one");
    const follower = follow();
    await follower.has(1);
    follower.source.on("status", ({ type }) => {
      if (type === "opened") web.writeRaw(Buffer.from("\u0000garbage"));
    });
    web.writeRaw(Buffer.from("\u0000garbage"));
    await follower.done;
    expect(follower.lines).toEqual(toLines(web.written));
    expect(follower.error).toMatchObject({ code: "PROTOCOL", container: web.id });
    await nothingOpen(fake);
  });
});

describe("a listener that throws", () => {
  it("is a warning, and no line is lost", async () => {
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", note);
    const source = new ContainerLogSource("web", { engine: fake.engine, ...eager });
    source.on("status", () => {
      throw new Error("my own mistake");
    });
    try {
      const follower = new Follower(source);
      web.write("one");
      await follower.has(1);
      await source.rotate();
      web.write("two");
      await follower.has(2);
      await source.close();
      await eventually(() => warnings.includes("my own mistake"));
    } finally {
      process.off("warning", note);
    }
  });
});
