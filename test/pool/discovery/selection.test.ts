import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DockspoolError, StreamPool } from "../../../src/index.ts";
import type { ContainerInfo, ContainerSelector, PoolOptions } from "../../../src/index.ts";
import { compileSelector } from "../../../src/pool/discovery/selector.ts";
import { FakeEngine } from "../../../src/testing.ts";
import { eager, thrown, toLines } from "../../support/fake-follow.ts";
import { PoolFollower } from "../../support/pool-follow.ts";

let fake: FakeEngine;
let pools: StreamPool[];
beforeEach(async () => {
  fake = await FakeEngine.start();
  pools = [];
});
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await fake.close();
});

function follow(options: PoolOptions = {}): PoolFollower {
  const pool = new StreamPool({ engine: fake.engine, source: eager, from: "start", ...options });
  pools.push(pool);
  return new PoolFollower(pool);
}

function container(given: Partial<ContainerInfo> = {}): ContainerInfo {
  return {
    id: "ab".repeat(32),
    name: "shop-web-1",
    image: "registry.example/shop/web:1.27",
    labels: {},
    tty: false,
    logDriver: "json-file",
    engine: "default",
    ...given,
  };
}

const task = { "com.docker.swarm.service.name": "shop_web" };
const compose = {
  "com.docker.compose.project": "shop",
  "com.docker.compose.service": "web",
};

describe("a selector", () => {
  const cases: readonly (readonly [ContainerSelector, Partial<ContainerInfo>, boolean])[] = [
    [{}, {}, true],
    [{ names: "shop-*" }, {}, true],
    [{ names: "web" }, {}, false],
    [{ names: /web/ }, {}, true],
    [{ images: "*/web:*" }, {}, true],
    [{ images: /db/ }, {}, false],
    [{ exclude: { names: "shop-*" } }, {}, false],
    [{ names: runInNewContext("/WEB/gi") as RegExp }, {}, true],
    [{ labels: { a: runInNewContext("/^b/y") as RegExp } }, { labels: { a: "bc" } }, true],
    [{ names: runInNewContext('["shop-*"]') as string[] }, {}, true],
    [{ names: [] }, {}, false],
    [{ names: ["shop-web-1"] }, {}, true],
    [{ names: ["shop-web"] }, {}, false],
    [{ names: ["web"] }, {}, false],
    [{ names: ["shop-*"] }, {}, true],
    [{ names: ["*web*"] }, {}, true],
    [{ names: ["*-1"] }, {}, true],
    [{ names: ["*"] }, {}, true],
    [{ names: ["shop*1"] }, {}, true],
    [{ names: ["shop*2"] }, {}, false],
    [{ names: ["db", "shop-*"] }, {}, true],
    [{ names: ["SHOP-WEB-1"] }, {}, false],
    [{ names: [/web/] }, {}, true],
    [{ names: [/^web/] }, {}, false],
    [{ names: [/WEB/i] }, {}, true],
    // What means something in an expression means itself in a string.
    [{ names: ["shop.web.1"] }, {}, false],
    [{ names: ["a+b(c)[d]{e}|f^$?\\g"] }, { name: "a+b(c)[d]{e}|f^$?\\g" }, true],
    [{ names: ["a|b"] }, { name: "a" }, false],
    [{ images: ["registry.example/shop/*"] }, {}, true],
    [{ images: ["*:1.27"] }, {}, true],
    [{ images: ["shop/web:1.27"] }, {}, false],
    [{ images: [/shop\/web(:|$)/] }, {}, true],
    [{ names: ["shop-*"], images: ["nginx:*"] }, {}, false],
    [{ labels: { logs: true } }, { labels: { logs: "" } }, true],
    [{ labels: { logs: true } }, { labels: { other: "logs" } }, false],
    [{ labels: { logs: "yes" } }, { labels: { logs: "yes" } }, true],
    [{ labels: { logs: "yes" } }, { labels: { logs: "no" } }, false],
    [{ labels: { logs: "*" } }, { labels: {} }, false],
    [
      { labels: { team: "pay*", logs: /^(on|yes)$/ } },
      { labels: { team: "payments", logs: "on" } },
      true,
    ],
    [{ labels: { team: "pay*", logs: true } }, { labels: { team: "payments" } }, false],
    // Names that every object has.
    [{ labels: { constructor: true as const } }, { labels: {} }, false],
    [{ labels: { toString: "*" } }, { labels: {} }, false],
    [{ compose: { project: "shop" } }, { labels: compose }, true],
    [{ compose: { project: "shop", service: "w*" } }, { labels: compose }, true],
    [{ compose: { project: "shop", service: "db" } }, { labels: compose }, false],
    [{ compose: { service: /^web$/ } }, { labels: compose }, true],
    [{ compose: { project: "shop" } }, {}, false],
    [{ compose: {} }, {}, true],
    [{ service: "shop_web" }, { labels: task }, true],
    [{ service: "shop_*" }, { labels: task }, true],
    [{ service: ["other", /web$/] }, { labels: task }, true],
    [{ service: "web" }, { labels: task }, false],
    [{ service: "*" }, {}, false],
    [{ exclude: { service: "shop_*" } }, { labels: task }, false],
    [{ exclude: { names: ["shop-*"] } }, {}, false],
    [{ exclude: { names: ["db"] } }, {}, true],
    [{ exclude: {} }, {}, true],
    // Any match excludes.
    [{ exclude: { names: ["db"], images: ["registry.example/*"] } }, {}, false],
    [
      { names: ["shop-*"], exclude: { labels: { quiet: true } } },
      { labels: { quiet: "1" } },
      false,
    ],
    [{ exclude: { labels: { a: true, b: true } } }, { labels: { a: "1" } }, true],
    [{ exclude: { labels: { a: true, b: true } } }, { labels: { a: "1", b: "1" } }, false],
    [{ exclude: { compose: { service: "web" } } }, { labels: compose }, false],
    [{ exclude: { compose: { project: "shop", service: "db" } } }, { labels: compose }, true],
    [{ exclude: { compose: { project: "shop", service: "w*" } } }, { labels: compose }, false],
  ];

  it.each(cases)("%j of %j: %j", (selector, given, selects) => {
    expect(compileSelector(selector)(container(given))).toBe(selects);
  });

  it("takes an expression that remembers where it was as any other", () => {
    for (const pattern of [/web/g, /shop/y, /WEB/gi]) {
      pattern.lastIndex = 3;
      const selects = compileSelector({ names: [pattern] });
      for (let time = 0; time < 3; time++) expect(selects(container())).toBe(true);
      expect(pattern.lastIndex).toBe(3);
    }
  });

  it("does not change with the lists that it was made of", () => {
    const names = ["db"];
    const selects = compileSelector({ names });
    names.push("shop-web-1");
    expect(selects(container())).toBe(false);
  });

  it("takes a name of many wildcards in its stride", () => {
    const selects = compileSelector({ names: [`${"a*".repeat(7)}!`] });
    expect(selects(container({ name: "a".repeat(63) }))).toBe(false);
    expect(selects(container({ name: `${"a".repeat(63)}!` }))).toBe(true);
  }, 2_000);
});

describe("`select`", () => {
  it("says which containers are followed, those that come later included", async () => {
    const follower = follow({ select: { labels: { logs: "on" }, exclude: { names: ["*-tmp"] } } });
    await follower.discovered();
    const chosen = ["a", "b"].map((name) => fake.create({ name, labels: { logs: "on" } }));
    const others = [
      fake.create({ name: "c-tmp", labels: { logs: "on" } }),
      fake.create({ name: "d", labels: { logs: "off" } }),
      fake.create({ name: "e" }),
    ];
    for (const one of [...chosen, ...others]) {
      one.write("one");
      one.restart();
      one.write("two");
    }
    for (const one of chosen) await follower.expectAll(one);
    await follower.discovered();
    expect([...follower.pool.sources.keys()].toSorted()).toEqual(
      chosen.map(({ id }) => id).toSorted(),
    );
    expect(follower.seen("skipped")).toEqual([]);
    await follower.end();
    expect(follower.records).toHaveLength(4);
  });

  it("is asked anew when a container is renamed; one that is followed stays so", async () => {
    const follower = follow({ select: { names: ["web*"] } });
    await follower.discovered();
    const [staging, web] = [fake.create({ name: "staging" }), fake.create({ name: "web" })];
    for (const one of [staging, web]) one.write("one");
    await follower.expectAll(web);
    await follower.discovered();
    expect(follower.pool.sources.size).toBe(1);
    staging.rename("web2");
    web.rename("retired");
    for (const one of [staging, web]) one.write("two");
    for (const one of [staging, web]) await follower.expectAll(one);
    await follower.end();
    for (const one of [staging, web]) follower.expectExactly(one);
  });

  it("as a function is given what is known of the container", async () => {
    const seen: ContainerInfo[] = [];
    fake.create({ name: "web", image: "nginx:1.27", labels: { a: "b" }, tty: true });
    const follower = follow({
      select: (info) => {
        seen.push(info);
        return info.image.startsWith("nginx");
      },
    });
    await follower.discovered();
    const web = fake.container("web");
    expect(seen).toEqual([
      {
        id: web.id,
        name: "web",
        image: "nginx:1.27",
        labels: { a: "b" },
        tty: true,
        logDriver: "json-file",
        engine: "default",
      },
    ]);
    await follower.end();
  });

  it("as a function that throws skips that container with a status, and spares the rest", async () => {
    const oops = new TypeError("no such label");
    const names = ["one", "bad", "two", "worse"];
    const [one, bad, two, worse] = names.map((name) => fake.create({ name }));
    if (!one || !bad || !two || !worse) throw new Error("not created");
    const follower = follow({
      select: ({ name }) => {
        if (name === "bad") throw oops;
        // oxlint-disable-next-line typescript/only-throw-error -- a caller may throw anything
        if (name === "worse") throw "anything";
        return true;
      },
    });
    for (const each of [one, bad, two, worse]) each.write("hello");
    for (const each of [one, two]) await follower.expectAll(each);
    await follower.until(() => follower.seen("skipped").length === 2, "2 skipped");
    const skipped = new Map(
      follower.seen("skipped").map(({ container: { name }, error }) => [name, error]),
    );
    for (const [name, message] of [
      ["bad", "no such label"],
      ["worse", "anything"],
    ] as const) {
      const error = skipped.get(name);
      expect(DockspoolError.is(error, "INVALID_OPTION")).toBe(true);
      expect(error?.message).toContain('"select"');
      expect(error?.message).toContain(name);
      expect(error?.message).toContain(message);
    }
    expect(skipped.get("bad")).toMatchObject({ container: bad.id, cause: oops });
    expect(follower.pool.sources.size).toBe(2);
    await follower.end();
    expect(follower.lines(bad)).toEqual([]);
  });

  it("as a function that throws once is asked again when the container starts anew", async () => {
    const web = fake.create({ name: "web" });
    let calls = 0;
    const follower = follow({
      select: () => {
        calls++;
        if (calls === 1) throw new Error("not yet");
        return true;
      },
    });
    await follower.until(() => follower.seen("skipped").length === 1, "skipped");
    web.restart();
    web.write("one");
    await follower.expectAll(web);
    await follower.end();
    expect(calls).toBe(2);
  });
});

describe("`source`", () => {
  it("says for each container how it is read", async () => {
    const [web, db] = [fake.create({ name: "web" }), fake.create({ name: "db" })];
    const follower = follow({
      source: ({ name }) => (name === "web" ? { streams: ["stderr"] } : { maxLineBytes: 3 }),
    });
    for (const one of [web, db]) {
      one.write("to stdout");
      one.write("to stderr", { stream: "stderr" });
    }
    await follower.until(() => follower.records.length === 3, "3 records");
    await follower.end();
    expect(follower.lines(web)).toEqual(toLines(web.written).slice(1));
    expect(follower.texts(db)).toEqual(["to ", "to "]);
  });

  const wrong: readonly (readonly [string, () => unknown, string])[] = [
    [
      "throws",
      () => {
        throw new Error("no options");
      },
      'The function of option "source" failed for container bad: no options',
    ],
    ["returns an option with a wrong value", () => ({ encoding: "utf-16" }), '"source.encoding"'],
    ["returns an option that is the pool's", () => ({ from: "start" }), '"source.from"'],
    ["returns an unknown option", () => ({ maxLineByte: 5 }), '"source.maxLineBytes"?'],
    ["returns nothing", () => undefined, '"source" was given undefined'],
    ["returns a promise", () => Promise.reject(new Error("unseen")), "a promise"],
    [
      "returns another kind of promise",
      () => runInNewContext("new Promise(() => {})") as unknown,
      "a promise",
    ],
  ];
  it.each(wrong)(
    "that %s skips that container with a status, and spares the rest",
    async (...[, give, message]) => {
      const [web, bad] = [fake.create({ name: "web" }), fake.create({ name: "bad" })];
      const options: PoolOptions = {
        source: ({ name }) => (name === "bad" ? (give() as object) : eager),
      };
      const follower = follow(options);
      for (const one of [web, bad]) one.write("one");
      await follower.expectAll(web);
      await follower.until(() => follower.seen("skipped").length === 1, "skipped");
      const [skipped] = follower.seen("skipped");
      expect(skipped).toMatchObject({
        container: { id: bad.id },
        error: { code: "INVALID_OPTION", container: bad.id },
      });
      expect(skipped?.error.message).toContain(message);
      expect(skipped?.error.message).toMatch(/function of option "source".* container bad/);
      web.write("two");
      await follower.expectAll(web);
      expect([...follower.pool.sources.keys()]).toEqual([web.id]);
      await follower.end();
    },
  );
});

describe("a container whose log can't be read", () => {
  it.each(["none", "syslog"])(
    "(driver %s) is skipped with a status, others are read",
    async (logDriver) => {
      for (const from of ["now", "start"] as const) {
        const silent = fake.create({ name: `silent-${from}`, logDriver });
        const web = fake.create({ name: `web-${from}` });
        const follower = follow({ from, select: { names: [`*-${from}`] } });
        await follower.attached(web);
        web.write("one");
        await follower.expectAll(web);
        await follower.until(() => follower.seen("skipped").length > 0, "skipped");
        expect(follower.seen("skipped")).toMatchObject([
          { container: { id: silent.id }, error: { code: "LOGS_UNREADABLE" } },
        ]);
        expect(follower.seen("skipped")[0]?.error.message).toContain(logDriver);
        await follower.discovered();
        expect([...follower.pool.sources.keys()]).toEqual([web.id]);
        expect(follower.pool.stats.streamsOpen).toBe(1);
        web.write("two");
        await follower.expectAll(web);
        await follower.end();
      }
    },
  );
});

/** Options as a program without types may give them: the option, the value, and a word of what is allowed. */
const bad: readonly (readonly [string, Record<string, unknown>, string])[] = [
  ["colour", { colour: "red" }, "maxStreams"],
  ["engine", { engine: "ftp://box" }, "tcp://HOST:PORT"],
  ["engine", { engine: null }, "dial"],
  ["engine.port", { engine: { host: "b", port: 70_000 } }, "65535"],
  ["engines", { engine: {}, engines: { a: {} } }, 'where "engine" is given'],
  ["engines", { engines: {} }, "at least one"],
  ["engines", { engines: [] }, "object"],
  ["engines", { engines: "a" }, "object"],
  ["engines.a", { engines: { a: null } }, "dial"],
  ["engines.b.socketPath", { engines: { a: {}, b: { socketPath: "" } } }, "empty"],
  ["select", { select: "web" }, "object"],
  ["select", { select: null }, "object"],
  ["select", { select: ["web"] }, "object"],
  ["select.name", { select: { name: "web" } }, "names"],
  ["select.names", { select: { names: { web: true } } }, "wildcard"],
  ["select.names", { select: { names: [5] } }, "wildcard"],
  ["select.images", { select: { images: [null] } }, "wildcard"],
  ["select.labels", { select: { labels: ["a"] } }, "object"],
  ["select.labels.a", { select: { labels: { a: false } } }, "wildcard"],
  ["select.compose", { select: { compose: "shop" } }, "object"],
  ["select.compose.projects", { select: { compose: { projects: "shop" } } }, "project"],
  ["select.compose.service", { select: { compose: { service: ["web"] } } }, "wildcard"],
  ["select.exclude", { select: { exclude: "web" } }, "object"],
  ["select.exclude.exclude", { select: { exclude: { exclude: {} } } }, "names"],
  ["select.exclude.names", { select: { exclude: { names: ["a", 5] } } }, "wildcard"],
  ["discover", { discover: "yes" }, "true or false"],
  ["excludeSelf", { excludeSelf: 1 }, "true or false"],
  ["from", { from: "begin" }, '"now"'],
  ["from", { from: null }, '"start"'],
  ["from", { from: { tail: -1 } }, "from 0"],
  ["from.since", { from: { since: "yesterday" } }, "RFC 3339"],
  ["maxStreams", { maxStreams: 0 }, "from 1"],
  ["maxStreams", { maxStreams: 1.5 }, "whole"],
  ["maxStreams", { maxStreams: Infinity }, "streams"],
  ["timeSliceMs", { timeSliceMs: 0 }, "milliseconds"],
  ["timeSliceMs", { timeSliceMs: "1s" }, "milliseconds"],
  ["rotation", { rotation: true }, "object"],
  ["rotation", { rotation: 5_000 }, "object"],
  ["rotation", { rotation: null }, "object"],
  ["rotation.every", { rotation: { every: 5 } }, "everyMs"],
  ["rotation.everyMs", { rotation: {} }, "milliseconds"],
  ["rotation.everyMs", { rotation: { everyMs: 0 } }, "milliseconds"],
  ["rotation.everyMs", { rotation: { everyMs: 2 ** 31 } }, "milliseconds"],
  ["rotation.everyMs", { rotation: { everyMs: 2 ** 30 } }, "from 1 to 1073741823."],
  ["order.byTimestamp", { order: { byTimestamp: "false", latenessMs: 5 } }, "true"],
  ["select", { select: Promise.resolve({ names: "a" }) }, "type Promise"],
  ["select.labels", { select: { labels: new Map([["a", "b"]]) } }, "type Map"],
  ["options", Object(Promise.resolve({ discover: false })), "type Promise"],
  ["engines", { engines: new Map([["a", "unix:///a"]]) }, "type Map"],
  ["rotation.jitter", { rotation: { everyMs: 5, jitter: 1.1 } }, "from 0 to 1"],
  ["rotation.jitter", { rotation: { everyMs: 5, jitter: "0.1" } }, "share"],
  ["rotation.jitter", { rotation: { everyMs: 5, jitter: Number.NaN } }, "share"],
  ["source", { source: "fast" }, "object"],
  ["source", { source: null }, "object"],
  ["source.engine", { source: { engine: {} } }, "streams"],
  ["source.from", { source: { from: "start" } }, 'did you mean "from"?'],
  ["source.resume", { source: { resume: {} } }, "streams"],
  ["source.follow", { source: { follow: false } }, "streams"],
  ["source.signal", { source: { signal: undefined } }, "streams"],
  ["source.rotateEveryMs", { source: { rotateEveryMs: 5 } }, 'did you mean "rotation.everyMs"?'],
  ["source.encoding", { source: { encoding: "utf-16" } }, "latin1"],
  ["source.stallProbMs", { source: { stallProbMs: 5 } }, 'did you mean "source.stallProbeMs"?'],
  ["source.multiline.strat", { source: { multiline: { strat: /x/ } } }, "multiline.start"],
  ["source.multiline.start", { source: { multiline: { start: "x" } } }, "a RegExp"],
  ["source.streams", { source: { streams: ["stdin"] } }, "stdout"],
  ["source.engineName", { source: { engineName: "a" } }, "streams"],
  ["engines.b.port", { engines: { a: {}, b: { host: "b", port: -1 } } }, "65535"],
  ["engines.b.hots", { engines: { b: { hots: "b" } } }, 'did you mean "engines.b.host"?'],
  ["maxstreams", { maxstreams: 5 }, 'did you mean "maxStreams"?'],
  ["multiline", { multiline: { start: /x/ } }, 'did you mean "source.multiline"?'],
  ["names", { names: ["web"] }, 'did you mean "select.names"?'],
  ["tail", { tail: 10 }, 'did you mean "from.tail"?'],
  ["from", { from: { tail: 10, since: new Date() } }, "or { since"],
  ["rotation.everyMS", { rotation: { everyMS: 5 } }, 'did you mean "rotation.everyMs"?'],
  ["order.latenesMs", { order: { byTimestamp: true, latenesMs: 5 } }, '"order.latenessMs"?'],
  ["source.maxLineBytes", { source: { maxLineBytes: 0 } }, "bytes"],
  [
    "source.reconnect.maxDelayMs",
    { source: { reconnect: { minDelayMs: 10, maxDelayMs: 5 } } },
    "10",
  ],
  ["order", { order: true }, "object"],
  ["order", { order: "timestamp" }, "object"],
  ["order.byTimestamp", { order: { byTimestamp: false, latenessMs: 5 } }, "true"],
  ["order.latenessMs", { order: { byTimestamp: true } }, "milliseconds"],
  ["order.latenessMs", { order: { byTimestamp: true, latenessMs: -1 } }, "milliseconds"],
  ["order.by", { order: { by: "timestamp", latenessMs: 1 } }, "byTimestamp"],
  ["bufferBytes", { bufferBytes: 0 }, "bytes"],
  ["bufferBytes", { bufferBytes: "32MB" }, "bytes"],
  ["signal", { signal: {} }, "AbortSignal"],
];

describe("a wrong option", () => {
  it.each(bad)("%s is refused with its name and what is allowed: %j", (name, options, allowed) => {
    const error = thrown(() => new StreamPool(options), "INVALID_OPTION");
    expect(error.message).toContain(`"${name}"`);
    expect(error.message).toContain(allowed);
    expect(error.message).toMatch(/^[^\n]{20,900}\.$/);
  });

  it("does not show a key", () => {
    const engines = { a: { host: "b", key: "-----BEGIN SECRET-----", port: -1 } };
    const error = thrown(() => new StreamPool({ engines }), "INVALID_OPTION");
    expect(error.message).not.toContain("SECRET");
    const both = thrown(() => new StreamPool({ engines, engine: {} }), "INVALID_OPTION");
    expect(both.message).not.toContain("SECRET");
  });

  it("that is undefined has its default", () => {
    const names = [
      "engine",
      "engines",
      "select",
      "discover",
      "from",
      "excludeSelf",
      "maxStreams",
      "timeSliceMs",
      "rotation",
      "source",
      "order",
      "bufferBytes",
      "signal",
    ];
    const options = Object.fromEntries(names.map((name) => [name, undefined]));
    const pool = new StreamPool(options);
    expect(pool.stats).toMatchObject({ containers: 0, streamsOpen: 0, streamsMax: 128, tasks: 0 });
  });

  it("opens nothing, and neither does a right one before the pool is consumed", async () => {
    const pool = new StreamPool({ engine: fake.engine });
    expect(pool.sources.size).toBe(0);
    await pool.close();
    expect(fake.requests).toEqual([]);
  });
});
