import { execFile } from "node:child_process";
import { access, copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { FakeEngine } from "../src/testing.ts";
import { Project, npm, root } from "../test/package/support.ts";

/**
 * The packed package as its users have it: on Bun and Deno against an engine that Node.js runs, with the compilers of TypeScript
 * that people use, in workers, under jest, and through bundlers. What it needs comes from npm, into .cache.
 */

const run = promisify(execFile);
const TYPESCRIPTS = ["5.5", "5.6", "5.7", "5.8", "5.9", "6.0", "7.0"];
const BUNDLERS = [
  "esbuild@0.28",
  "webpack@5",
  "rollup@4",
  "vite@8",
  "@rollup/plugin-node-resolve@16",
  "@rollup/plugin-commonjs@29",
];
const LINES = 200;
const EVERY_MS = 20;
const WITHIN_MS = 120_000;

/** A folder of .cache with these packages; `made`: what is there when all are. */
async function packages(folder: string, names: readonly string[], made: string): Promise<string> {
  const directory = join(root, ".cache", folder);
  try {
    await access(join(directory, made));
  } catch {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "package.json"), JSON.stringify({ private: true }));
    await npm(["install", ...names], directory);
  }
  return directory;
}

/** Follows, rotates, resumes and pools there; the engine is in this process. @throws where a line is lost or duplicated */
async function followOn(project: Project, name: string, command: readonly string[]): Promise<void> {
  await copyFile(
    join(root, "scripts/consumers/follow-elsewhere.mjs"),
    project.path("follow-elsewhere.mjs"),
  );
  await using fake = await FakeEngine.start();
  const web = fake.create({ name: "web" });
  let written = 0;
  const timer = setInterval(() => {
    for (let count = 0; count < 10 && written < LINES; count++) web.write(`line ${written++}`);
  }, EVERY_MS);
  try {
    const positions = project.path(`positions-${name}.json`);
    const [program = "", ...args] = command;
    const { stdout } = await run(
      program,
      [...args, "follow-elsewhere.mjs", fake.engine.socketPath ?? "", positions],
      { cwd: project.directory, timeout: WITHIN_MS },
    );
    const { lines, rotations, byPool } = JSON.parse(stdout);
    const truth = Array.from({ length: LINES }, (_, number) => `line ${number}`);
    if (JSON.stringify(lines) !== JSON.stringify(truth))
      throw new Error("Lines are not the log's.");
    if (byPool !== LINES || rotations === 0) throw new Error(`It says ${stdout.slice(-100)}`);
  } finally {
    clearInterval(timer);
  }
}

async function bun(project: Project): Promise<void> {
  const directory = await packages("bun", ["bun"], "node_modules/.bin/bun");
  await followOn(project, "bun", [join(directory, "node_modules/.bin/bun")]);
}

async function deno(project: Project): Promise<void> {
  const directory = await packages("deno", ["deno"], "node_modules/.bin/deno");
  const program = join(directory, "node_modules/.bin/deno");
  await followOn(project, "deno", [program, "run", "-A", "--node-modules-dir=manual"]);
}

/** `skipLibCheck` is off: the package's own types are checked, too. @throws with what the compiler says */
async function typeCheck(project: Project, version: string): Promise<void> {
  const name = `typescript-${version}`;
  const directory = await packages(
    name,
    [`typescript@${version}`],
    "node_modules/typescript/bin/tsc",
  );
  for (const end of ["mts", "cts"])
    await copyFile(project.path("names.ts"), project.path(`names.${end}`));
  const compilerOptions = {
    target: "es2022",
    lib: ["es2023"],
    types: ["node"],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    module: "nodenext",
    moduleResolution: "nodenext",
  };
  const config = project.path(`${name}.json`);
  await writeFile(config, JSON.stringify({ compilerOptions, files: ["names.mts", "names.cts"] }));
  const compiler = join(directory, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [compiler, "-p", config], { cwd: project.directory });
}

/** @throws with the names of those that fail */
async function bundle(project: Project): Promise<void> {
  const directory = await packages("bundlers", BUNDLERS, "node_modules/webpack");
  const script = join(directory, "bundle.mjs");
  await copyFile(join(root, "scripts/consumers/bundle.mjs"), script);
  const { stdout } = await run(process.execPath, [script], {
    cwd: project.directory,
    timeout: WITHIN_MS,
  });
  if (stdout.trim() !== "") throw new Error(stdout);
}

/** @throws where a pool in a worker does not end with it */
async function useWorkers(project: Project): Promise<void> {
  await copyFile(join(root, "scripts/consumers/worker.mjs"), project.path("worker.mjs"));
  const said = JSON.stringify(await project.run("worker.mjs"));
  if (said !== '{"heard":["hello","hello"],"open":0}') throw new Error(said);
}

/** @throws with what jest says */
async function jest(project: Project): Promise<void> {
  const directory = await packages("jest", ["jest@30"], "node_modules/jest/bin/jest.js");
  await copyFile(join(root, "scripts/consumers/jest.test.cjs"), project.path("jest.test.cjs"));
  const program = join(directory, "node_modules/jest/bin/jest.js");
  const args = ["--rootDir", project.directory, "--testMatch", "**/jest.test.cjs"];
  await run(process.execPath, [program, ...args], { cwd: project.directory, timeout: WITHIN_MS });
}

function saidBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [stdout, stderr]: unknown[] = ["stdout", "stderr"].map((name) => Reflect.get(error, name));
  return [error.message, stdout, stderr].filter((text) => typeof text === "string").join("\n");
}

let failures = 0;
/** With names as arguments, those alone. */
async function check(what: string, work: () => Promise<void>): Promise<void> {
  const chosen = process.argv.slice(2);
  if (chosen.length > 0 && !chosen.includes(what)) return;
  try {
    await work();
    console.log(`${what}: well`);
  } catch (error) {
    failures++;
    console.error(`${what}: ${saidBy(error).slice(0, 4_000)}`);
  }
}

const project = await Project.create();
try {
  await project.installPeers();
  await check("Bun", () => bun(project));
  await check("Deno", () => deno(project));
  for (const version of TYPESCRIPTS)
    await check(`TypeScript ${version}`, () => typeCheck(project, version));
  await check("Workers", () => useWorkers(project));
  await check("jest", () => jest(project));
  await check("Bundlers", () => bundle(project));
} finally {
  await rm(project.path("out"), { recursive: true, force: true });
  await project[Symbol.asyncDispose]();
}
process.exitCode = failures === 0 ? 0 : 1;
