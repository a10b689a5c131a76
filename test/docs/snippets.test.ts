import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { FakeEngine } from "../../src/testing.ts";
import { Programs } from "../support/docs/programs.ts";
import { allSnippets, fileNameOf, isProgram, root, snippetsOf } from "../support/docs/snippets.ts";
import type { Snippet } from "../support/docs/snippets.ts";
import { longOnly } from "../support/size.ts";
import { ProgramRun } from "../support/program-run.ts";

const snippets = allSnippets();
const programs = snippets.filter(isProgram);
const where = ({ page, line }: Snippet): string => `${page}:${line}`;

let files: Programs;
let built: (name: string) => string;

beforeAll(async () => {
  files = new Programs(programs);
  built = await files.build();
});

afterAll(() => files[Symbol.dispose]());

it("there are snippets of each page that has some", () => {
  expect(programs.length).toBeGreaterThan(30);
  expect(snippetsOf("a.md", "x\n\n```js\nf();\n```\n")).toMatchObject([
    { language: "js", text: "f();\n", line: 4, notRun: undefined },
  ]);
});

it("all are of a language that is looked at", () => {
  const known = [
    "js",
    "ts",
    "sh",
    "yaml",
    "json",
    "ini",
    "sql",
    "dockerfile",
    "haproxy",
    "nginx",
    "",
  ];
  const others = snippets.filter(({ language }) => !known.includes(language));
  expect(others.map(where)).toEqual([]);
});

it("all programs have the right types", () => {
  const service = ["service.mjs", "config.mjs"].map((name) => join(root, "examples/service", name));
  expect(files.typeErrors(service)).toEqual([]);
});

it.each(
  snippets.filter(({ language }) => language === "sh").map((one) => [where(one), one] as const),
)("%s has commands that are well formed", (_, { text }) => {
  const check = spawnSync("bash", ["-n", "-c", text.replaceAll("…", "x")], { encoding: "utf8" });
  expect(check.stderr).toBe("");
});

it("all settings are well formed", () => {
  for (const snippet of snippets.filter(({ language }) => language === "yaml"))
    expect([
      where(snippet),
      ...parseAllDocuments(snippet.text).flatMap(({ errors }) => errors),
    ]).toEqual([where(snippet)]);
  for (const { language, text } of snippets) if (language === "json") JSON.parse(text);
});

/** An engine as the pages have it: some containers that write, and live on. */
function populate(fake: FakeEngine): () => void {
  const all = ["web", "api", "db"].map((name) => {
    const container = fake.create({
      name,
      image: `${name}:1`,
      labels: { "com.example.logs": "true" },
    });
    for (let line = 0; line < 3; line += 1) container.write(`2026-11-23 line ${line} of ${name}`);
    return container;
  });
  const timer = setInterval(() => {
    for (const container of all) container.write("2026-11-23 GET / 200");
  }, 10);
  return () => clearInterval(timer);
}

/** Long enough for a program that does nothing with the engine to fail at its start. */
const ALIVE_MS = 2_500;
const TEST_MS = 30_000;
const POLL_MS = 20;

/** Runs it until it ends, or has read for a while; then it is asked to end. Resolves with what went wrong. */
async function failureOf(snippet: Snippet): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "dockspool-snippet-"));
  await using fake = await FakeEngine.start();
  const stopWriting = populate(fake);
  const env = { ...process.env, DOCKER_HOST: `unix://${fake.engine.socketPath}` };
  await using run = new ProgramRun([built(fileNameOf(snippet))], { cwd: folder, env });
  try {
    const begun = performance.now();
    const hasRead = (): boolean => fake.open.follows > 0 && run.stdout + run.stderr !== "";
    // A test of the reader's own ends by itself, and fails where it is asked to end before.
    const aliveMs = snippet.text.includes('"node:test"') ? TEST_MS : ALIVE_MS;
    while (run.exitCode === null && performance.now() - begun < aliveMs && !hasRead())
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    // What is wrong behind the first line shows in some more.
    if (run.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 300));
    if (run.exitCode === null) run.signal("SIGTERM");
    const killer = setTimeout(() => void run.kill(), 5_000);
    const code = await run.ended();
    clearTimeout(killer);
    // Null: it ended by the signal, as programs do that do not listen to it.
    return code === 0 || code === null
      ? undefined
      : `exit code ${code}\n${run.stdout}${run.stderr}`;
  } finally {
    stopWriting();
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.concurrent("against an engine,", longOnly, () => {
  test.each(
    programs.filter(({ notRun }) => notRun === undefined).map((one) => [where(one), one] as const),
  )("%s runs", async (_, snippet) => {
    expect(await failureOf(snippet)).toBeUndefined();
  });
});
