import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serviceLogs } from "../../src/index.ts";
import type { ServiceLogOptions, ServiceLogRecord } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import type { FakeContainer } from "../../src/testing.ts";
import { eventually, failure, nothingOpen, thrown } from "../support/fake-follow.ts";

let fake: FakeEngine;
let tasks: FakeContainer[];
beforeEach(async () => {
  fake = await FakeEngine.start();
  tasks = [];
});
afterEach(() => fake.close());

function task(number: number, tty = false): FakeContainer {
  const container = fake.create({
    name: `shop_web.${number}`,
    tty,
    labels: {
      "com.docker.swarm.service.name": "shop_web",
      "com.docker.swarm.service.id": "s1",
      "com.docker.swarm.task.id": `t${number}`,
      "com.docker.swarm.node.id": `n${number}`,
    },
  });
  tasks.push(container);
  return container;
}

function written(): string[][] {
  return tasks.map((container) => container.written.map(({ line }) => line));
}

/** A loop over a service's log. */
class Loop {
  readonly records: ServiceLogRecord[] = [];
  readonly done: Promise<void>;
  error: unknown = undefined;
  isOver = false;

  constructor(options: ServiceLogOptions = {}) {
    this.done = this.#run(options);
  }

  texts(number: number): string[] {
    return this.records.flatMap((one) =>
      one.kind === "line" && one.task === `t${number}` ? [one.line] : [],
    );
  }

  /** What has come of each task, once it is as much as was written. */
  async read(): Promise<string[][]> {
    const count = written().flat().length;
    await eventually(
      () => this.records.filter(({ kind }) => kind === "line").length >= count,
      `${count} lines`,
    );
    return tasks.map((_, index) => this.texts(index));
  }

  async #run(options: ServiceLogOptions): Promise<void> {
    try {
      for await (const record of serviceLogs("shop_web", { engine: fake.engine, ...options }))
        this.records.push(record);
    } catch (error) {
      this.error = error;
    }
    this.isOver = true;
  }
}

function write(count: number, round = 0): void {
  for (let line = 0; line < count; line++)
    for (const [index, one] of tasks.entries()) {
      one.write(`${round}: line ${line} of ${index}`);
      if (line % 7 === 0) one.write("y".repeat(40_000), { stream: "stderr" });
    }
}

describe("a service's log", () => {
  it("has the lines of all tasks, each with its task and node", async () => {
    for (let number = 0; number < 3; number++) task(number);
    write(30);
    const loop = new Loop({ follow: false });
    await loop.done;
    expect(loop.error).toBeUndefined();
    expect(await loop.read()).toEqual(written());
    expect(loop.records[0]).toEqual({
      kind: "line",
      service: "shop_web",
      task: expect.stringMatching(/^t\d$/),
      node: expect.stringMatching(/^n\d$/),
      stream: "stdout",
      timestamp: expect.stringMatching(/Z$/),
      line: expect.stringMatching(/^0: line 0/),
      truncated: false,
      attributes: expect.objectContaining({ "com.docker.swarm.service.id": "s1" }),
    });
    await nothingOpen(fake);
  });

  it("of terminals is read as well", async () => {
    task(0, true);
    write(20);
    const loop = new Loop({ follow: false });
    await loop.done;
    expect(await loop.read()).toEqual(written());
  });

  it("goes on over lost connections, and says so", async () => {
    for (let number = 0; number < 3; number++) task(number);
    const stop = new AbortController();
    const loop = new Loop({ signal: stop.signal });
    for (let round = 0; round < 4; round++) {
      write(20, round);
      expect(await loop.read()).toEqual(written());
      if (round % 2 === 0) fake.outage();
      else tasks[0]?.cut();
      write(5, round + 10);
      fake.restore();
      expect(await loop.read()).toEqual(written());
    }
    const reopened = loop.records.filter(({ kind }) => kind === "reopened");
    expect(reopened.length).toBeGreaterThanOrEqual(4);
    expect(reopened[0]).toEqual({
      kind: "reopened",
      service: "shop_web",
      since: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    stop.abort(new Error("enough"));
    await loop.done;
    expect(loop.error).toEqual(new Error("enough"));
    await nothingOpen(fake);
  });

  it("begins where it is wanted", async () => {
    const web = task(0);
    for (let line = 0; line < 10; line++)
      web.write(`line ${line}`, { timestamp: `2026-11-28T00:00:0${line}Z` });
    const texts = async (from: ServiceLogOptions["from"]): Promise<string[]> => {
      const loop = new Loop({ follow: false, ...(from === undefined ? {} : { from }) });
      await loop.done;
      return loop.texts(0);
    };
    expect(await texts("now")).toEqual([]);
    expect(await texts({ tail: 2 })).toEqual(["line 8", "line 9"]);
    expect(await texts({ since: "2026-11-28T00:00:07Z" })).toEqual(["line 7", "line 8", "line 9"]);
    expect(await texts(undefined)).toHaveLength(10);
  });

  it("waits for a loop that is slow, in bounded memory", async () => {
    const web = task(0);
    for (let line = 0; line < 20_000; line++) web.write(`line ${line} ${"x".repeat(200)}`);
    let count = 0;
    for await (const record of serviceLogs("shop_web", { engine: fake.engine, follow: false })) {
      if (record.kind === "line" && count++ % 5_000 === 0)
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(count).toBe(20_000);
  });

  it("is left by a break, which leaves nothing open", async () => {
    task(0).write("one");
    for await (const record of serviceLogs("shop_web", { engine: fake.engine })) {
      expect(record).toMatchObject({ kind: "line", line: "one" });
      break;
    }
    await nothingOpen(fake);
  });

  it("ends when its service is gone", async () => {
    task(0).write("one");
    const loop = new Loop();
    expect(await loop.read()).toEqual(written());
    const [web] = tasks;
    fake.fault = ({ path }) => (path.includes("/services/") ? { status: 404 } : undefined);
    web?.cut();
    await loop.done;
    expect(loop.error).toBeUndefined();
    await nothingOpen(fake);
  });

  it("of no service, or of an engine that is no manager, throws the reason", async () => {
    const read = async (): Promise<void> => {
      for await (const record of serviceLogs("nope", { engine: fake.engine })) void record;
    };
    expect((await failure(read(), "ENGINE_RESPONSE")).message).toContain("service nope not found");
    fake.fault = () => ({ status: 503, message: "This node is not a swarm manager." });
    expect((await failure(read(), "ENGINE_RESPONSE")).message).toContain("not a swarm manager");
    await nothingOpen(fake);
  });

  it("must be asked for with options that are known", () => {
    expect(thrown(() => serviceLogs(""), "INVALID_OPTION").message).toMatch(/service/);
    const options: unknown[] = [{ tail: 1 }, { follow: 1 }, { from: "end" }, { maxLineBytes: 0 }];
    for (const given of options)
      expect(() => serviceLogs("web", JSON.parse(JSON.stringify(given)))).toThrow(
        /INVALID|option/i,
      );
  });
});
