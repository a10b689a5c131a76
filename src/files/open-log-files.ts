import type { ChainFile } from "./file-chain.ts";
import { DiskReader } from "./disk-reader.ts";
import type { Beginning } from "./disk-reader.ts";
import { countEntries } from "./count-entries.ts";
import { GzContent } from "./gz-content.ts";
import { FileSeam } from "./file-seam.ts";
import type { FilesFrom, FoundFile, LogFileReader, LogLocation } from "./log-files.ts";
import { startIn } from "./log-start.ts";
import type { LogContent } from "./log-content.ts";
import { LogFolder, contentOf, isOldest } from "./log-folder.ts";
import type { Opened } from "./log-folder.ts";
import { rulesOf } from "./log-format.ts";
import type { FormatRules } from "./log-format.ts";
import { endsEntry, lastEnd, lookBack, probeAt, searchTime } from "./look-back.ts";
import { DISORDER_MS } from "../wire/timestamps.ts";
import { PlainContent, openAt } from "./plain-content.ts";
import { readable } from "./unreadable.ts";

/** While files are rotated a search begins again so often. */
const SEARCHES = 5;

/** A file in which reading may begin, and where. */
type Found =
  | { readonly type: "here"; readonly beginning: Beginning }
  /** So many entries are wanted of the file before it. */
  | { readonly type: "older"; readonly wanted: number }
  /** Nothing of what is looked for is in it. */
  | { readonly type: "no" };

/**
 * Opens a container's log files; undefined where a hint's file is no longer there. Descriptors: one while it is open, and up to eight more where small files fill
 * faster than they are read.
 *
 * @throws DockspoolError FILES_UNREADABLE
 */
export function openLogFiles(
  location: LogLocation,
  from: FilesFrom,
): Promise<LogFileReader | undefined> {
  return readable(location.path, () => openFrom(location, from));
}

async function openFrom(
  location: LogLocation,
  from: FilesFrom,
): Promise<LogFileReader | undefined> {
  const file = from.type === "file" ? from.file : undefined;
  const folder = new LogFolder(location, file?.rotations);
  let isOpen = false;
  try {
    const beginning =
      from.type === "file"
        ? beginningOf(from.file)
        : await searchFor(folder, rulesOf(location), from);
    if (beginning === "unknown") return undefined;
    const seam = new FileSeam(location.mayDropLines === true ? undefined : location.fileBytes);
    const reader = await DiskReader.open(folder, rulesOf(location), beginning, seam);
    isOpen = true;
    return reader;
  } finally {
    if (!isOpen) folder.rotations.close();
  }
}

/** The log's first one. */
function beginningOf(file: FoundFile): Beginning {
  const { ordinal } = file;
  return { content: new PlainContent(file), ordinal, skip: 0, start: { files: 1, born: 0n } };
}

async function searchFor(
  folder: LogFolder,
  rules: FormatRules,
  from: FilesSearch,
): Promise<Beginning | undefined | "unknown"> {
  // What is found from now on is counted.
  await folder.rotations.begin();
  for (let time = 0; time < SEARCHES; time++) {
    const beginning = await new BeginningSearch(folder, rules).find(from);
    if (beginning !== "again") return beginning;
  }
  // They are rotated all the time: what is there from the start shows all that the search would.
  return new BeginningSearch(folder, rules).start();
}

type FilesSearch = Exclude<FilesFrom, { type: "file" }>;

class BeginningSearch {
  readonly #folder: LogFolder;
  readonly #rules: FormatRules;

  constructor(folder: LogFolder, rules: FormatRules) {
    this.#folder = folder;
    this.#rules = rules;
  }

  /** "unknown": what a hint tells is not there. "again": the files have changed meanwhile. */
  async find(from: FilesSearch): Promise<Beginning | undefined | "unknown" | "again"> {
    if (from.type === "start") return this.start();
    const chain = await this.#folder.list();
    if (from.type === "hint") {
      const own = chain.findIndex(({ inode }) => inode === from.place.inode);
      if (own === -1) return "unknown";
      return this.#back(chain, own, from.entries, (opened, wanted, isFirst) =>
        isFirst ? this.#hinted(opened, from.place.offset, wanted) : this.#last(opened, wanted),
      );
    }
    const newest = chain.length - 1;
    if (from.type === "tail")
      return this.#back(chain, newest, from.entries, (opened, wanted) =>
        this.#last(opened, wanted),
      );
    const before = new Date(Date.parse(from.timestamp) - DISORDER_MS).toISOString();
    let isBehind = true;
    return this.#back(chain, newest, from.entries, async (opened, wanted) => {
      if (!isBehind) return this.#last(opened, wanted);
      const found = await this.#before(opened, before, wanted);
      isBehind = found.type === "no";
      return found;
    });
  }

  /** The oldest entry; undefined where the log has no file. */
  async start(): Promise<Beginning | undefined> {
    const opened = await this.#folder.open((chain) => chain[0]);
    return opened && beginningIn(opened, contentOf(opened), 0, true);
  }

  /** Looks at `chain[at]`, and at older ones, until one of the files has the beginning. */
  async #back(
    chain: readonly ChainFile[],
    at: number,
    entries: number,
    look: (opened: Opened, wanted: number, isFirst: boolean) => Promise<Found | undefined>,
  ): Promise<Beginning | undefined | "unknown" | "again"> {
    let wanted = entries;
    for (const [index, { inode }] of chain
      .slice(0, at + 1)
      .toReversed()
      .entries()) {
      const before = index === 0 ? chain : undefined;
      const opened = await this.#folder.open(
        (now) => now.find((file) => file.inode === inode),
        before,
      );
      if (opened === undefined) return "again";
      let found: Found | undefined;
      try {
        found = await look(opened, wanted, index === 0);
      } finally {
        if (found?.type !== "here") await opened.opened.handle.close();
      }
      if (found === undefined) return "unknown";
      if (found.type === "here") return found.beginning;
      if (found.type === "older") wanted = found.wanted;
    }
    return this.start();
  }

  /** The file's last ones. */
  async #last(opened: Opened, wanted: number): Promise<Found> {
    if (opened.file.isCompressed) {
      const count = await countEntries(opened.opened, this.#rules);
      return gzFound(opened, wanted, count);
    }
    const { handle } = opened.opened;
    return this.#plainFound(opened, await lastEnd(handle, this.#rules), wanted);
  }

  /** Undefined where no entry ends at `offset`. */
  async #hinted(opened: Opened, offset: number, wanted: number): Promise<Found | undefined> {
    if (opened.file.isCompressed) return gzFound(opened, 0, 0);
    if (!(await endsEntry(opened.opened.handle, offset, this.#rules))) return undefined;
    return this.#plainFound(opened, offset, wanted);
  }

  async #before(opened: Opened, timestamp: string, wanted: number): Promise<Found> {
    const { handle } = opened.opened;
    if (opened.file.isCompressed) {
      const earlier = await countEntries(opened.opened, this.#rules, timestamp);
      return earlier === 0 ? { type: "no" } : gzFound(opened, wanted, earlier);
    }
    const first = await probeAt(handle, 0, this.#rules);
    if (first === undefined || first.first >= timestamp) return { type: "no" };
    return this.#plainFound(opened, await searchTime(handle, timestamp, this.#rules), wanted);
  }

  async #plainFound(opened: Opened, end: number, wanted: number): Promise<Found> {
    const { offset, found } = await lookBack(opened.opened.handle, end, wanted, this.#rules);
    if (found < wanted && !isOldest(opened)) return { type: "older", wanted: wanted - found };
    const content = await openAt(opened.opened, offset);
    return { type: "here", beginning: beginningIn(opened, content, 0, offset === 0) };
  }
}

/** Of the first `count` entries of a compressed file the last `wanted` ones, or all. */
function gzFound(found: Opened, wanted: number, count: number): Found {
  if (count < wanted && !isOldest(found)) return { type: "older", wanted: wanted - count };
  const skip = Math.max(0, count - wanted);
  const content = new GzContent(found.opened);
  return { type: "here", beginning: beginningIn(found, content, skip, skip === 0) };
}

function beginningIn(
  opened: Opened,
  content: LogContent,
  skip: number,
  isFileStart: boolean,
): Beginning {
  const start = isFileStart && isOldest(opened) ? startIn(opened.file) : undefined;
  return { content, opened, skip, start };
}
