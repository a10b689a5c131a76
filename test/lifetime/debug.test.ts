import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { transition } from "../../src/lifetime/debug.ts";
import { FakeEngine } from "../../src/testing.ts";
import { programPath } from "../support/program-path.ts";

async function run(
  how: "plain" | "throws",
  debug: string,
): Promise<{ said: Record<string, unknown>; stderr: string }> {
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  web.start();
  for (const line of ["one", "two"]) web.write(line);
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [programPath("test/lifetime/fixtures/follows-watched.ts"), fake.engine.socketPath ?? "", how],
    { timeout: 60_000, env: { ...process.env, NODE_DEBUG: debug } },
  );
  return { said: JSON.parse(stdout), stderr };
}

const well = { lines: ["one", "two"], rotated: "fulfilled" };

describe("NODE_DEBUG=dockspool", () => {
  it("writes a line for each change of an engine, a container, a stream and a sink", async () => {
    const { said, stderr } = await run("plain", "dockspool");
    expect(said).toMatchObject(well);
    const lines = stderr.trimEnd().split("\n");
    const texts = lines.map((line) => line.replace(/^DOCKSPOOL \d+: /, ""));
    expect(
      lines.every((line) => /^DOCKSPOOL \d+: (engine|container|stream|sink) /.test(line)),
    ).toBe(true);
    const of = (what: string): string[] => texts.filter((line) => line.startsWith(`${what}: `));
    expect(of("engine default")).toEqual([
      "engine default: not asked -> connecting, waits for its answer",
      "engine default: connecting -> listening, waits for its events",
    ]);
    expect(of("container web")).toEqual([
      "container web: found -> looking, waits for the engine's answer about it",
      "container web: looking -> followed",
      expect.stringMatching(/^container web: followed -> /),
    ]);
    expect(of("stream web")).toEqual([
      "stream web: idle -> locating, waits for the engine's answer about the container",
      expect.stringMatching(/^stream web: locating -> /),
      ...of("stream web").slice(2, -2),
      "stream web: following -> closing, waits for the stream's tasks to end",
      "stream web: closing -> ended, closed",
    ]);
    expect(of("stream web")).toContain(
      "stream web: following -> closing, waits for the stream's tasks to end, to reopen it",
    );
    expect(of("sink http")).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^sink http: \w+ -> calling, waits for \d record\(s\) to be taken, attempt 1$/,
        ),
        expect.stringMatching(
          /^sink http: calling -> retrying, waits for attempt 2 in \d ms: HTTP 503$/,
        ),
        expect.stringMatching(/^sink http: retrying -> calling, .* attempt 2$/),
        expect.stringMatching(/^sink http: \w+ -> ended$/),
      ]),
    );
  });

  it.each(["", "http"])("is silent for NODE_DEBUG=%s", async (debug) => {
    const { said, stderr } = await run("plain", debug);
    expect(said).toEqual({ ...well, uncaught: 0, listens: false });
    expect(stderr).not.toContain("DOCKSPOOL");
  });
});

it("a subscriber that throws is an uncaught exception of the process, and capture goes on", async () => {
  const { said } = await run("throws", "");
  expect(said).toMatchObject({ ...well, listens: true });
  expect(said["uncaught"]).toBeGreaterThan(10);
});

it("names are printable in a line", () => {
  expect(transition("stream a\nb", "idle", "locating")).toBe("stream a\\nb: idle -> locating");
});
