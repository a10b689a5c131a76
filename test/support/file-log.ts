import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

import { onTestFinished } from "vitest";

import type { FakeContainer, FakeLine } from "../../src/testing.ts";

/** A data root of its own for a test. */
export function dataRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "dockspool-files-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** A container's `json-file` log, as Docker writes it: beside what the fake engine tells of the same lines. */
export class FileLog {
  readonly path: string;
  readonly #container: FakeContainer;
  readonly #attributes: Readonly<Record<string, string>> | undefined;

  /** `attributes`: noted with each line. */
  constructor(
    container: FakeContainer,
    root: string,
    attributes?: Readonly<Record<string, string>>,
  ) {
    this.#container = container;
    this.#attributes = attributes;
    this.path = join(root, "containers", container.id, `${container.id}-json.log`);
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(this.path, "");
  }

  write(...lines: readonly string[]): void {
    const texts: string[] = [];
    for (const line of lines) {
      this.#container.write(line);
      texts.push(this.#last());
    }
    appendFileSync(this.path, texts.join(""));
  }

  stderr(line: string): void {
    this.#container.write(line, { stream: "stderr" });
    appendFileSync(this.path, this.#last());
  }

  /** The beginning of a line, and no more of it. */
  begin(text: string): void {
    const timestamp = new Date().toISOString().replace("Z", "999999Z");
    this.#container.write(text, { partial: true, timestamp });
    this.raw(`${JSON.stringify({ log: text, stream: "stdout", time: timestamp })}\n`);
  }

  /** Bytes that the engine knows nothing of. */
  raw(bytes: string | Buffer): void {
    appendFileSync(this.path, bytes);
  }

  /** As the engine with `max-file` and, perhaps, `compress`. */
  rotate({
    keep = 5,
    compress = false,
  }: { readonly keep?: number; readonly compress?: boolean } = {}): void {
    const name = (number: number): string => `${this.path}.${number}`;
    for (let number = keep - 1; number >= 1; number--) {
      const older = number === 1 ? this.path : name(number - 1);
      for (const end of number === 1 ? [""] : ["", ".gz"]) {
        if (!existsSync(older + end)) continue;
        rmSync(name(number), { force: true });
        rmSync(`${name(number)}.gz`, { force: true });
        renameSync(older + end, name(number) + end);
      }
    }
    if (keep === 1) rmSync(this.path);
    writeFileSync(this.path, "");
    if (!compress) return;
    writeFileSync(`${name(1)}.gz`, gzipSync(readFileSync(name(1))));
    rmSync(name(1));
  }

  /** All that the engine has told is in one file. */
  rewrite(): void {
    writeFileSync(this.path, this.#container.written.map((line) => this.#text(line)).join(""));
  }

  /** By hand. */
  truncate(): void {
    truncateSync(this.path, 0);
  }

  /** The engine removes the container. */
  remove(): void {
    this.#container.remove();
    rmSync(dirname(this.path), { recursive: true, force: true });
  }

  #last(end = "\n"): string {
    const last = this.#container.written.at(-1);
    if (last === undefined) throw new Error("Nothing was written.");
    return this.#text(last, end);
  }

  #text({ line, stream, timestamp }: FakeLine, end = "\n"): string {
    const attrs = this.#attributes;
    return `${JSON.stringify({ log: line + end, stream, attrs, time: timestamp })}\n`;
  }
}
