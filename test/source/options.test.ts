import { describe, expect, it } from "vitest";
import { ContainerLogSource } from "../../src/index.ts";
import type { SourceOptions } from "../../src/index.ts";
import { thrown } from "../support/fake-follow.ts";

const cursor = { version: 1, container: "c", whole: true, groups: [], open: [] };

/** Options as a program without types may give them: the option, the value, and a word of what is allowed. */
const bad: readonly (readonly [string, Record<string, unknown>, string])[] = [
  ["colour", { colour: "red" }, "streams"],
  ["from", { from: "begin" }, '"start"'],
  ["from", { from: { tail: -1 } }, "from 0"],
  ["from", { from: { tail: 1.5 } }, "whole"],
  ["from", { from: { since: "yesterday" } }, "RFC 3339"],
  ["from", { from: { since: new Date(Number.NaN) } }, "Date"],
  ["from", { from: { since: 1_700_000_000 } }, "Date"],
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
  ["signal", { signal: {} }, "AbortSignal"],
  ["engine", { engine: "unix:///var/run/docker.sock" }, "dial"],
  ["engine", { engine: null }, "dial"],
  ["engine", { engine: { socketPath: "/a", host: "b" } }, "either"],
  ["engine.socketPath", { engine: { socketPath: "" } }, "empty"],
  ["engine.port", { engine: { host: "b", port: 70_000 } }, "65535"],
  ["engine.protocol", { engine: { host: "b", protocol: "tcp" } }, "ssh"],
  ["engine.connectTimeoutMs", { engine: { connectTimeoutMs: 0 } }, "above 0"],
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
});

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
