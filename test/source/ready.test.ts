import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { eager, eventually, failure, nothingOpen } from "../support/fake-follow.ts";

let fake: FakeEngine;
beforeEach(async () => {
  fake = await FakeEngine.start();
});
afterEach(() => fake.close());

const source = (name: string, options: SourceOptions = {}): ContainerLogSource =>
  new ContainerLogSource(name, { engine: fake.engine, ...eager, ...options });

describe("ready()", () => {
  it("begins, resolves when the stream is open, and loses no line for who consumes later", async () => {
    const web = fake.create({ name: "web" });
    for (const line of ["one", "two"]) web.write(line);
    const one = source("web");
    expect((await one.ready()).id).toBe(web.id);
    expect(fake.open.follows).toBe(1);
    expect((await one.ready({ timeoutMs: 0 })).name).toBe("web");
    const lines: string[] = [];
    for await (const { line } of one) {
      lines.push(line);
      if (lines.length === 2) break;
    }
    expect(lines).toEqual(["one", "two"]);
    await nothingOpen(fake);
  });

  it("resolves for a container that is stopped", async () => {
    const web = fake.create({ name: "web" });
    web.stop();
    const one = source("web");
    expect((await one.ready()).id).toBe(web.id);
    await one.close();
  });

  it("says what is wrong after `timeoutMs`, while the source goes on trying", async () => {
    const web = fake.create({ name: "web" });
    fake.outage();
    const one = source("web", { reconnect: { minDelayMs: 1_000, maxDelayMs: 1_000 } });
    const isTried = new Promise((resolve) => one.once("reconnecting", resolve));
    const later = one.ready();
    await isTried;
    const error = await failure(one.ready({ timeoutMs: 30 }), "ENGINE_UNREACHABLE");
    expect(error.message).toMatch(/^Container web is not followed yet after 30 ms: Can't reach/);
    expect(error.message).toMatch(/[^.?]\? [^?]*[^.?]\. The source goes on trying\.$/);
    fake.restore();
    expect((await later).id).toBe(web.id);
    await one.close();
  });

  it("names what it waits for", async () => {
    fake.create({ name: "web" });
    fake.fault = ({ path }) => (path.includes("/logs") ? { withholdHeaders: true } : undefined);
    const one = source("web");
    const later = failure(one.ready(), "CLOSED");
    await eventually(() => fake.requests.some(({ path }) => path.includes("/logs")));
    const error = await failure(one.ready({ timeoutMs: 0 }), "ENGINE_UNREACHABLE");
    expect(error.message).toContain("it waits for the response headers");
    await one.close();
    await later;
  });

  it("rejects at once where the source has failed, or was closed", async () => {
    await failure(source("nobody").ready(), "CONTAINER_NOT_FOUND");
    fake.create({ name: "web" });
    const one = source("web");
    await one.close();
    await failure(one.ready(), "CLOSED");
    const two = source("web");
    fake.outage();
    const waiting = failure(two.ready(), "CLOSED");
    await two.close();
    await waiting;
  });

  it("rejects also where the source was open before, and was closed, aborted, or has failed since", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    const closed = source("web");
    await closed.ready();
    await closed.close();
    await failure(closed.ready(), "CLOSED");
    const controller = new AbortController();
    const aborted = source("web", { signal: controller.signal });
    await aborted.ready();
    controller.abort("enough");
    await expect(aborted.ready()).rejects.toBe("enough");
    const failed = source("web");
    const refuse = (): never => {
      throw new Error("no");
    };
    const { done } = failed.deliver(refuse, { retry: { attempts: 1 } });
    await failure(done, "SINK_FAILED");
    await failed.ended;
    await failure(failed.ready(), "SINK_FAILED");
  });

  it("resolves where the log was read to its end since", async () => {
    const web = fake.create({ name: "web" });
    web.write("one");
    const one = source("web", { follow: false });
    for await (const { line } of one) expect(line).toBe("one");
    expect(await one.ended).toEqual({ kind: "finished" });
    expect((await one.ready()).id).toBe(web.id);
  });

  it("refuses a time that is none", async () => {
    fake.create({ name: "web" });
    const error = await failure(source("web").ready({ timeoutMs: -1 }), "INVALID_OPTION");
    expect(error.message).toContain('"timeoutMs"');
  });

  it("that nobody looks at ends no process", async () => {
    fake.outage();
    const one = source("web");
    void one.ready({ timeoutMs: 0 });
    await failure(one.ready({ timeoutMs: 1 }), "ENGINE_UNREACHABLE");
    await one.close();
  });
});
