import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { ContainerLogSource, StreamPool } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { FakeEngine } from "../../src/testing.ts";
import { Follower, thrown } from "../support/fake-follow.ts";

const cursor = { version: 1, container: "c", whole: true, groups: [], open: [] };

/** Options as a program without types may give them: the option, the value, and a word of what is allowed. */
const bad: readonly (readonly [string, Record<string, unknown>, string])[] = [
  ["colour", { colour: "red" }, "streams"],
  ["from", { from: "begin" }, '"start"'],
  ["from", { from: { tail: -1 } }, "from 0"],
  ["from", { from: { tail: 1.5 } }, "whole"],
  ["from.since", { from: { since: "yesterday" } }, "RFC 3339"],
  ["from.since", { from: { since: new Date(Number.NaN) } }, "Date"],
  ["from.since", { from: { since: 1_700_000_000 } }, "Date"],
  ["from", { from: null }, '"now"'],
  ["resume", { resume: "cursor" }, "cursor"],
  ["resume", { resume: null }, "cursor"],
  ["resume", { resume: { container: "c", version: 1 } }, "cursor"],
  ["resume", { resume: { ...cursor, whole: false } }, "cursor"],
  ["resume", { resume: { ...cursor, groups: [["2026-11-23T15:58:34Z", -1, "a"]] } }, "cursor"],
  ["resume", { resume: { ...cursor, groups: [["monday", 1, "a"]] } }, "cursor"],
  ["resume", { resume: { ...cursor, open: [["stdin", "2026-11-23T15:58:34Z", 1, 1]] } }, "cursor"],
  ["resume.version", { resume: { ...cursor, version: 2 } }, "1"],
  ["streams", { streams: [] }, "stdout"],
  ["streams", { streams: ["stdin"] }, "stderr"],
  ["streams", { streams: "stdout" }, "list"],
  ["follow", { follow: "yes" }, "true or false"],
  ["followRestarts", { followRestarts: 1 }, "true or false"],
  ["encoding", { encoding: "utf-16" }, "latin1"],
  ["maxLineBytes", { maxLineBytes: 0 }, "bytes"],
  ["maxLineBytes", { maxLineBytes: "1MB" }, "bytes"],
  ["bufferBytes", { bufferBytes: -1 }, "bytes"],
  ["rotateEveryMs", { rotateEveryMs: 0 }, "false"],
  ["rotateEveryMs", { rotateEveryMs: true }, "false"],
  ["rotateEveryMs", { rotateEveryMs: 2 ** 31 }, "2147483647"],
  ["rotateTimeoutMs", { rotateTimeoutMs: Number.NaN }, "milliseconds"],
  ["stallProbeMs", { stallProbeMs: -5 }, "false"],
  ["reconnect", { reconnect: 5 }, "minDelayMs"],
  ["reconnect.minDelayMs", { reconnect: { minDelayMs: -1 } }, "milliseconds"],
  ["reconnect.maxDelayMs", { reconnect: { minDelayMs: 10, maxDelayMs: 5 } }, "10"],
  ["reconnect.maxDelayMs", { reconnect: { maxDelayMs: Symbol("s") } }, "milliseconds"],
  ["reconnect", { reconnect: new Map([["maxDelayMs", 5]]) }, "type Map"],
  ["signal", { signal: {} }, "AbortSignal"],
  ["engine", { engine: "ftp://10.0.0.5" }, "tcp://HOST:PORT"],
  ["engine", { engine: null }, "dial"],
  ["engine", { engine: { socketPath: "/a", host: "b" } }, "one of socketPath, host and context"],
  ["engine.socketPath", { engine: { socketPath: "" } }, "empty"],
  ["engine.port", { engine: { host: "b", port: 70_000 } }, "65535"],
  ["engine.protocol", { engine: { host: "b", protocol: "tcp" } }, "ssh"],
  ["engine.connectTimeoutMs", { engine: { connectTimeoutMs: 0 } }, "from 1"],
  ["engine.connectTimeoutMs", { engine: { connectTimeoutMs: 2 ** 31 } }, "2147483647"],
  ["engine.sshOptions", { engine: { host: "b", sshOptions: new Map() } }, "ssh2"],
  ["engine", { engine: new URL("tcp://10.0.0.5:2375") }, "socketPath"],
  ["engine.socket", { engine: { socket: "/a" } }, "socketPath"],
  ["engine.ca", { engine: { host: "b", ca: 5 } }, "PEM"],
];

describe("a wrong option", () => {
  it.each(bad)("%s is refused with its name and what is allowed: %j", (name, options, allowed) => {
    const error = thrown(() => new ContainerLogSource("web", options), "INVALID_OPTION");
    expect(error.message).toContain(`"${name}"`);
    expect(error.message).toContain(allowed);
    expect(error.message).toMatch(/^[^\n]{20,900}\.$/);
  });

  it.each([[""], [undefined], [5]])("is also a container %j", (container) => {
    const error = thrown(() => new ContainerLogSource(container as string), "INVALID_OPTION");
    expect(error.message).toContain('"container"');
  });

  it("does not show a key", () => {
    const engine = { host: "b", key: "-----BEGIN SECRET-----", port: -1 };
    const error = thrown(() => new ContainerLogSource("web", { engine }), "INVALID_OPTION");
    expect(error.message).not.toContain("SECRET");
  });

  it("shows of all options in place of the container's name only the types", () => {
    const options = {
      host: "b",
      key: "-----BEGIN SECRET-----",
      sshOptions: { password: "SECRET" },
    };
    // @ts-expect-error what a program without types may give
    const error = thrown(() => new ContainerLogSource(options), "INVALID_OPTION");
    expect(error.message).toContain("{ host: a string, key: a string, sshOptions: an object }");
  });
});

describe("an option that is not known", () => {
  it.each<[Record<string, unknown>, string]>([
    [
      { stallProbMs: 5 },
      'Unknown option "stallProbMs"; did you mean "stallProbeMs"? Known: engine, ',
    ],
    [{ signall: undefined }, 'Unknown option "signall"; did you mean "signal"? Known: '],
    [{ colour: "red" }, 'Unknown option "colour". Known: '],
    [{ tail: 10 }, 'Unknown option "tail"; did you mean "from.tail"? Known: '],
    [{ from: { lines: 10 } }, 'Unknown option "from.lines". Known: tail, since.'],
    [
      { engine: { hots: "b" } },
      'Unknown option "engine.hots"; did you mean "engine.host"? Known: ',
    ],
    [
      { reconnect: { minDelay: 1 } },
      'Unknown option "reconnect.minDelay"; did you mean "reconnect.minDelayMs"? Known: minDelayMs, maxDelayMs.',
    ],
    [
      { multiline: { start: /x/, maxLine: 1 } },
      'Unknown option "multiline.maxLine"; did you mean "multiline.maxLines"? Known: start, ',
    ],
    [{ "\u001B[2J": 1 }, String.raw`Unknown option "\u001b[2J". Known: `],
  ])("%j is called so, with the nearest that is", (options, message) => {
    const error = thrown(() => new ContainerLogSource("web", options), "INVALID_OPTION");
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/^[^\n]{20,900}\.$/);
  });
});

describe("delays of which one is given", () => {
  it("make the other one fit", () => {
    for (const reconnect of [{ minDelayMs: 60_000 }, { maxDelayMs: 5 }, {}])
      expect(() => new ContainerLogSource("web", { reconnect })).not.toThrow();
  });
});

describe("what is of another realm", () => {
  it("is as good: a signal, an expression, a date, bytes", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    for (const line of ["E1", " at a", "E2"]) web.write(line);
    web.stop();
    // Objects of another realm's classes, but for the signal, which Node.js has in one realm only.
    const start = runInNewContext("/^E/g") as RegExp;
    const since = runInNewContext("new Date(0)") as Date;
    const ca = runInNewContext("new Uint8Array(1)") as Buffer;
    expect(start).not.toBeInstanceOf(RegExp);
    expect(since).not.toBeInstanceOf(Date);
    expect(() => new ContainerLogSource("web", { engine: { host: "b", ca } })).not.toThrow();
    const { engine } = fake;
    const options = { engine, multiline: { start }, from: { since }, follow: false };
    const follower = new Follower(new ContainerLogSource("web", options));
    await follower.finished();
    expect(follower.texts).toEqual(["E1\n at a", "E2"]);
  });

  it("also ends a source: a signal that is known by what it has", async () => {
    await using fake = await FakeEngine.start();
    fake.create({ name: "web" }).write("one");
    const signal = foreignSignal();
    const source = new ContainerLogSource("web", { engine: fake.engine, signal });
    const follower = new Follower(source);
    await follower.has(1);
    signal.abort("bye");
    await follower.done;
    expect(follower.error).toBe("bye");
    expect(await source.ended).toEqual({ kind: "aborted", reason: "bye" });
    expect(signal.listeners).toBe(0);
  });

  it("is refused where it is no signal", () => {
    for (const signal of [{ aborted: false }, new EventTarget(), "signal", null])
      thrown(
        () => new ContainerLogSource("web", { signal: signal as AbortSignal }),
        "INVALID_OPTION",
      );
  });
});

/** As another realm's, which is an instance of its own AbortSignal. */
function foreignSignal(): AbortSignal & {
  abort(reason: unknown): void;
  readonly listeners: number;
} {
  const listeners = new Set<() => void>();
  const signal = {
    aborted: false,
    reason: undefined as unknown,
    addEventListener: (_: string, listener: () => void) => void listeners.add(listener),
    removeEventListener: (_: string, listener: () => void) => void listeners.delete(listener),
    get listeners() {
      return listeners.size;
    },
    abort(reason: unknown) {
      signal.aborted = true;
      signal.reason = reason;
      for (const listener of [...listeners]) {
        listeners.delete(listener);
        listener();
      }
    },
  };
  return signal as unknown as ReturnType<typeof foreignSignal>;
}

describe("an option that is undefined", () => {
  it("has its default", () => {
    const names = [
      "engine",
      "from",
      "resume",
      "streams",
      "follow",
      "encoding",
      "maxLineBytes",
      "signal",
      "reconnect",
    ];
    const options = Object.fromEntries(names.map((name) => [name, undefined]));
    expect(() => new ContainerLogSource("web", options as SourceOptions)).not.toThrow();
  });
});

it("what is done to options afterwards changes nothing", async () => {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  for (const line of ["one", "two", "three"]) web.write(line);
  const engine = { ...fake.engine };
  const since = new Date(0);
  const from = { tail: 1 };
  const sources = [
    new ContainerLogSource("web", { engine, from, follow: false }),
    new ContainerLogSource("web", { engine, from: { since }, follow: false }),
  ];
  const pool = new StreamPool({ engine, excludeSelf: false });
  engine.socketPath = "/nowhere";
  from.tail = 3;
  since.setFullYear(2100);
  const lines: string[][] = [[], []];
  for (const [index, source] of sources.entries())
    for await (const { line } of source) lines[index]?.push(line);
  expect(lines).toEqual([["three"], ["one", "two", "three"]]);
  await pool.ready();
  await pool.close();
});
