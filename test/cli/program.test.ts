import { describe, expect, test } from "vitest";
import { readCommandLine } from "../../src/cli/program.ts";
import type { Settings } from "../../src/cli/settings.ts";

function read(...args: string[]): { result: Settings | number; out: string; err: string } {
  let out = "";
  let err = "";
  const words = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  return { result: readCommandLine(args, "1.2.3", words), out, err };
}

function settings(...args: string[]): Settings {
  const { result, err } = read(...args);
  if (typeof result === "number") throw new Error(err);
  return result;
}

describe("the command line", () => {
  test("follows all containers from their last ten lines, where it says nothing", () => {
    expect(settings()).toEqual({
      patterns: [],
      labels: {},
      engine: { kind: "found" },
      from: { tail: 10 },
      follow: true,
      format: "lines",
      multiline: undefined,
      grep: undefined,
      maxStreams: 128,
      rotateEveryMs: undefined,
      checkpoints: undefined,
      metrics: undefined,
      page: undefined,
    });
  });

  test("with --no-follow begins at the start, unless told otherwise", () => {
    expect(settings("--no-follow").from).toBe("start");
    expect(settings("--no-follow", "--tail", "5").from).toEqual({ tail: 5 });
    expect(settings("--tail", "all").from).toBe("start");
    expect(settings("--since", "2026-11-28").from).toEqual({ since: "2026-11-28T00:00:00Z" });
  });

  test("takes patterns, labels and the engine", () => {
    const given = settings("web*", "db", "--label", "a", "--label", "b=c", "--context", "prod");
    expect(given.patterns).toEqual(["web*", "db"]);
    expect(given.labels).toEqual({ a: true, b: "c" });
    expect(given.engine).toEqual({ kind: "context", name: "prod" });
    expect(settings("--engine", "unix:///x").engine).toEqual({ kind: "url", url: "unix:///x" });
  });

  test("takes a page with and without a port", () => {
    expect(settings("--page").page).toEqual({ host: "127.0.0.1", port: 0 });
    expect(settings("--page", "8080").page).toEqual({ host: "127.0.0.1", port: 8080 });
    expect(settings("web", "--page").patterns).toEqual(["web"]);
  });

  test.each([
    [["--tail", "x"], /^dockspool: Option --tail was given "x"; allowed: a whole number/],
    [["--tail"], /^dockspool: option '--tail <lines>' argument missing/],
    [["--tial", "5"], /^dockspool: unknown option '--tial'\n\(Did you mean --tail\?\)/],
    [["--since", "1h", "--tail", "5"], /'--tail <lines>' cannot be used with option '--since/],
    [["--engine", "unix:///x", "--context", "y"], /cannot be used with option/],
    [["--no-follow", "--metrics", "0"], /--metrics can't be used with --no-follow/],
    [["--no-follow", "--page"], /--page can't be used with --no-follow/],
    [["--demo", "--checkpoints", "x"], /--checkpoints can't be used with --demo/],
    [["--page", "web*"], /Option --page was given "web\*"; allowed: a port/],
  ])("that is wrong gets a sentence and exit code 2: %j", (args, words) => {
    const { result, out, err } = read(...args);
    expect(result).toBe(2);
    expect(err).toMatch(words);
    expect(err).toMatch(/dockspool --help shows all options\.\n$/);
    expect(out).toBe("");
  });

  test("explains every option and exit code, and tells its version", () => {
    const { result, out, err } = read("--help");
    expect(result).toBe(0);
    expect(err).toBe("");
    for (const word of ["--json", "--since", "--tail", "--no-follow", "--multiline", "--grep"])
      expect(out).toContain(word);
    expect(out).toMatch(/Exit codes:\n\s+0 [^]*\n\s+1 .*\n\s+2 .*\n\s+3 /);
    expect(read("--version")).toEqual({ result: 0, out: "1.2.3\n", err: "" });
  });
});
