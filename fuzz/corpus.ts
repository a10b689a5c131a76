import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SEEDS = new URL("seeds/", import.meta.url).pathname;
/** Not in the repository: what runs on this machine have kept. */
const KEPT = new URL("../.cache/fuzz/", import.meta.url).pathname;

/** Inputs of a target that stand in the repository. */
export function seedsOf(target: string): Buffer[] {
  return readInputs(join(SEEDS, `${target}.txt`));
}

/** Inputs that earlier runs have kept, since each reached something that none before it did. */
export function keptOf(target: string): Buffer[] {
  return readInputs(join(KEPT, `${target}.txt`));
}

export function keep(target: string, inputs: readonly Buffer[]): void {
  writeInputs(join(KEPT, `${target}.txt`), inputs);
}

export function writeSeeds(target: string, inputs: readonly Buffer[]): void {
  writeInputs(join(SEEDS, `${target}.txt`), inputs);
}

/** Keeps an input that has broken something. Returns its file. */
export function keepFinding(target: string, name: string, input: Buffer): string {
  const path = join(KEPT, `finding-${target}-${name}.txt`);
  writeInputs(path, [input]);
  return path;
}

/** An input is a line: its bytes as the characters of a JSON text. */
export function readInputs(path: string): Buffer[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map(parseInput);
}

function parseInput(line: string): Buffer {
  const text: unknown = JSON.parse(line);
  if (typeof text !== "string") throw new TypeError("an input is a JSON text");
  return Buffer.from(text, "latin1");
}

function writeInputs(path: string, inputs: readonly Buffer[]): void {
  mkdirSync(join(path, ".."), { recursive: true });
  const lines = inputs.map((input) => JSON.stringify(input.toString("latin1")));
  const plain = lines.map((line) => line.replace(/[\x7f-\xff]/g, escaped));
  writeFileSync(path, plain.map((line) => `${line}\n`).join(""));
}

function escaped(character: string): string {
  return `\\u00${character.charCodeAt(0).toString(16)}`;
}

/** The last long run of a target on this machine. */
export interface Run {
  readonly target: string;
  readonly executions: number;
  readonly seconds: number;
  readonly seed: number;
  readonly blocks: number;
  readonly found: number;
}

export function noteRun(run: Run): void {
  mkdirSync(KEPT, { recursive: true });
  writeFileSync(join(KEPT, `${run.target}.json`), JSON.stringify(run));
}

/** Undefined where it never ran here. */
export function runOf(target: string): Run | undefined {
  const path = join(KEPT, `${target}.json`);
  if (!existsSync(path)) return undefined;
  const run: Run = JSON.parse(readFileSync(path, "utf8"));
  return run;
}
