import { checkFunction, checkKeys, checkNumber, checkText } from "../checks.ts";
import type { Sink } from "../delivery/sink.ts";
import { invalidOption } from "../errors.ts";
import { ndjson } from "../formats/ndjson.ts";
import { unlessAborted } from "../lifetime/abort.ts";
import type { LogBatch } from "../wire/records.ts";
import { Appender } from "./file/appender.ts";

export interface FileOptions {
  /** A batch as text that ends with "\n"; default `ndjson`. */
  format?: (records: LogBatch) => string;
  /** The file is rotated before it would be larger than so many bytes. Default Infinity. A batch larger than that is a file of its own. */
  maxBytes?: number;
  /** The file is rotated where its last line is of an earlier period of so many milliseconds (of UTC). Default Infinity; a day: 86,400,000. */
  everyMs?: number;
  /** So many rotated files are kept, the newest ones. Default Infinity: none is deleted. */
  maxFiles?: number;
  /**
   * `"batch"` (default): each batch is on the disk before it counts as delivered, so no position is ever ahead of the file. `"none"`: the
   * operating system writes it when it likes. A crash of the process costs nothing then; a power failure may cost lines that are acknowledged.
   */
  fsync?: "batch" | "none";
}

/**
 * A sink that appends records to a file. Rotated files have the time of their end behind the name: `lines.ndjson.20261128T140000.000Z`.
 *
 * What a failed write left behind is taken back before the next attempt, and a last line that a crash cut short is taken back at the start:
 * neither was acknowledged, and both are delivered again. A file has one writer. A write cannot be aborted: a second attempt waits for the first.
 *
 * @throws DockspoolError INVALID_OPTION
 * @example
 * pool.deliver(fileSink("/var/log/containers.ndjson", { maxBytes: 100e6, maxFiles: 10 }), { name: "file" });
 */
export function fileSink(path: string, options: FileOptions = {}): Sink {
  checkText("path", path);
  checkOptions(options);
  const { format = ndjson, maxBytes = Infinity, everyMs = Infinity } = options;
  const { maxFiles = Infinity, fsync = "batch" } = options;
  const appender = new Appender(path, { maxBytes, everyMs, maxFiles, isSynced: fsync === "batch" });
  let last: { readonly records: LogBatch; readonly written: Promise<boolean> } | undefined;
  return async function file(records, { signal, attempt }) {
    if (last !== undefined) {
      // One write at a time; that of an attempt that has taken too long may have come to its end.
      const isWritten = await unlessAborted(last.written, signal);
      if (isWritten && attempt > 1 && isSame(last.records, records)) return;
    }
    const writing = appender.append(format(records));
    const written = writing.then(
      () => true,
      () => false,
    );
    last = { records, written };
    await unlessAborted(writing, signal);
    last = undefined;
  };
}

/** A batch is known by its ends: a retry has the same records, though not the same list where something stands between. */
function isSame(a: LogBatch, b: LogBatch): boolean {
  return a.length === b.length && a[0]?.id === b[0]?.id && a.at(-1)?.id === b.at(-1)?.id;
}

function checkOptions(options: FileOptions): void {
  checkKeys("", options, ["format", "maxBytes", "everyMs", "maxFiles", "fsync"]);
  const { format, fsync, ...numbers } = options;
  if (format !== undefined) checkFunction("format", format);
  if (fsync !== undefined && fsync !== "batch" && fsync !== "none")
    throw invalidOption("fsync", fsync, '"batch" or "none"');
  for (const [name, unit] of [
    ["maxBytes", "bytes"],
    ["everyMs", "milliseconds"],
    ["maxFiles", "files"],
  ] as const) {
    const value = numbers[name];
    const least = name === "maxFiles" ? 0 : 1;
    if (value !== undefined && value !== Infinity)
      checkNumber(name, value, least, Number.MAX_SAFE_INTEGER, unit);
  }
}
