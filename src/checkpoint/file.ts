import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { DockspoolError, asSentence, codeOf, invalidOption, messageOf } from "../errors.ts";
import { isObject } from "../checks.ts";
import { checkKey, checkKeyList, checkPrefix } from "./arguments.ts";
import { checkpointsAsJson } from "./checkpoint-json.ts";
import { formatFile, parseEntry, parseFile } from "./file-format.ts";
import { readRegular, realPlace, refuseOthers } from "./regular-file.ts";
import { removeLeftovers, replaceFile } from "./replace-file.ts";
import type { Checkpoint, CheckpointStore } from "./store.ts";

const MODE = 0o600;

/**
 * Positions in one file, replaced atomically and synced to the disk with each save. Only one process may use it: a second one
 * that writes the same file is detected and refused. A damaged, foreign or newer file is an error that names it, and stays as it is; so is
 * a folder, device or pipe in its place. Only its user may read it. A link is followed, unless it is another user's in a folder that all may write to.
 */
export class FileCheckpointStore implements CheckpointStore {
  readonly #path: string;
  /** Each entry's JSON, so that a save writes only what has changed anew. */
  #entries: Promise<Map<string, string>> | undefined;
  /** As it was when this process last read or wrote it. */
  #version: string | undefined;
  /** As the last write has it, also where it worked and yet failed. */
  #written: string | undefined;
  /** The file lacks something of the entries. */
  #isAhead = false;
  #writing: Promise<void> = Promise.resolve();
  /** A write that waits for the one that is under way. */
  #next: Promise<void> | undefined;

  /**
   * Reads nothing yet. The folder must exist.
   *
   * @throws DockspoolError INVALID_OPTION
   */
  constructor(path: string) {
    if (typeof path !== "string" || path === "") throw invalidOption("path", path, "a file's path");
    this.#path = resolve(path);
  }

  /** Absolute. */
  get path(): string {
    return this.#path;
  }

  /** @throws DockspoolError CHECKPOINT_UNREADABLE */
  async load(key: string): Promise<Checkpoint | undefined> {
    checkKey(key);
    const json = (await this.#read()).get(key);
    return json === undefined ? undefined : parseEntry(json);
  }

  /** @throws DockspoolError INVALID_OPTION; CHECKPOINT_UNREADABLE, CHECKPOINT_UNWRITABLE: the entries are saved with the next call that works */
  async save(entries: ReadonlyMap<string, Checkpoint>): Promise<void> {
    const texts = checkpointsAsJson(entries);
    const all = await this.#read();
    for (const [key, json] of texts) all.set(key, json);
    this.#isAhead = true;
    await this.#write();
  }

  /** @throws as `save` */
  async delete(keys: readonly string[]): Promise<void> {
    checkKeyList(keys);
    const all = await this.#read();
    for (const key of keys) if (all.delete(key)) this.#isAhead = true;
    if (this.#isAhead) await this.#write();
  }

  /** @throws DockspoolError CHECKPOINT_UNREADABLE */
  async *keys(prefix: string): AsyncIterable<string> {
    checkPrefix(prefix);
    const all = await this.#read();
    for (const key of [...all.keys()]) if (key.startsWith(prefix)) yield key;
  }

  async #read(): Promise<Map<string, string>> {
    this.#entries ??= this.#load();
    try {
      return await this.#entries;
    } catch (error) {
      // Whoever repairs the file is heard the next time.
      this.#entries = undefined;
      throw error;
    }
  }

  async #load(): Promise<Map<string, string>> {
    try {
      const place = await realPlace(this.#path);
      this.#version = await versionOf(place);
      if (this.#version === undefined) return new Map();
      const entries = parseFile(await readRegular(place));
      // They are in nobody's way.
      await removeLeftovers(place).catch(() => {});
      return entries;
    } catch (error) {
      throw this.#unreadable(error);
    }
  }

  /** One after the other; a write that waits takes along what has changed meanwhile. */
  #write(): Promise<void> {
    if (this.#next === undefined) {
      const next = this.#writing.then(() => {
        this.#next = undefined;
        return this.#replace();
      });
      this.#next = next;
      this.#writing = next.catch(() => {});
    }
    return this.#next;
  }

  async #replace(): Promise<void> {
    try {
      const place = await realPlace(this.#path);
      const version = await versionOf(place);
      if (version !== undefined && version !== this.#version && version !== this.#written)
        throw new Error(
          "somebody else has written it since; a file is of one process and one store",
        );
      const content = formatFile(await this.#read());
      this.#isAhead = false;
      await replaceFile(place, content, MODE, (file) => {
        this.#written = asVersion(file);
      });
      this.#version = (await versionOf(place)) ?? this.#written;
    } catch (error) {
      this.#isAhead = true;
      throw this.#unwritable(error);
    }
  }

  #unreadable(cause: unknown): DockspoolError {
    if (isPassing(cause)) {
      return new DockspoolError(
        "CHECKPOINT_UNREADABLE",
        `The checkpoint file ${this.#path} can't be read now: ${asSentence(messageOf(cause))}`,
        { cause, transient: true },
      );
    }
    return new DockspoolError(
      "CHECKPOINT_UNREADABLE",
      `The checkpoint file ${this.#path} can't be used: ${asSentence(messageOf(cause))} It is left as it is. Restore it from a copy, or move it away to begin anew (by option "from").`,
      { cause },
    );
  }

  #unwritable(cause: unknown): DockspoolError {
    return new DockspoolError(
      "CHECKPOINT_UNWRITABLE",
      `The checkpoint file ${this.#path} can't be written: ${asSentence(whyUnwritable(cause))}`,
      { cause, transient: true },
    );
  }
}

/** Undefined where there is no file. @throws Error where there is something else */
async function versionOf(path: string): Promise<string | undefined> {
  try {
    const stats = await stat(path, { bigint: true });
    refuseOthers(stats);
    return asVersion(stats);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function asVersion({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs}`;
}

/** Errors of the disk, or of a system that is short of something. What only people can mend, such as permissions, is none. */
const PASSING = new Set([
  "EAGAIN",
  "EBUSY",
  "EINTR",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "ENOTCONN",
  "ESTALE",
  "ETIMEDOUT",
]);

function isPassing(error: unknown): boolean {
  return error instanceof Error && "code" in error && PASSING.has(String(error.code));
}

/** What is written is a new file: only its folder can be missing. */
function whyUnwritable(cause: unknown): string {
  if (isMissing(cause) && isObject(cause) && typeof cause["path"] === "string")
    return `there is no folder ${dirname(cause["path"])}`;
  return messageOf(cause);
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT";
}
