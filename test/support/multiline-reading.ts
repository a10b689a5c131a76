import { fromCursor, toCursor } from "../../src/resume/cursor.ts";
import type { Cursor } from "../../src/resume/cursor.ts";
import { Aligner } from "../../src/resume/aligner.ts";
import { LOG_START } from "../../src/resume/position.ts";
import { BatchBuffer } from "../../src/queue/buffer.ts";
import { Consumer } from "../../src/queue/consumer.ts";
import { resolveOptions } from "../../src/source/options.ts";
import type { SourceOptions } from "../../src/source/options.ts";
import { Reading } from "../../src/lines/reading.ts";
import type { Entry } from "../../src/wire/entry.ts";
import type { LogRecord } from "../../src/wire/records.ts";
import { inPieces } from "./arbitrary-log.ts";

const CONTAINER = "ab".repeat(32);

const inspection = {
  info: {
    id: CONTAINER,
    name: "web",
    image: "web:latest",
    labels: {},
    tty: false,
    logDriver: "json-file",
    engine: "default",
  },
  running: true,
  removing: false,
  createdAt: 0,
  startedAt: undefined,
  traits: {
    name: "Docker",
    unstableParts: false,
    followReachesEnd: true,
    headersWithFirstLine: false,
    exactTail: true,
    findsTails: true,
    namesItself: true,
    endsPastEvents: false,
    deniesStopping: false,
    followOutlivesExit: false,
    givesAttributes: true,
    tellsWholeSeconds: false,
  },
  followIsWhole: true,
  removesItself: false,
  maxLogFileBytes: undefined,
  mayDropLines: false,
  maxLogFiles: 1,
} as const;

/** One reading of a log: where a source's socket would be there is a list of entries. */
export class LogReading {
  readonly buffer: BatchBuffer;
  readonly consumer: Consumer;
  readonly reading: Reading;

  /** `quietSince`: since when nothing keeps lines back. */
  constructor(
    options: SourceOptions,
    from?: Cursor,
    quietSince: () => number | undefined = () => undefined,
  ) {
    this.buffer = new BatchBuffer(Infinity);
    this.consumer = new Consumer(this.buffer);
    this.reading = new Reading(inspection, resolveOptions(options), {
      buffer: this.buffer,
      consumer: this.consumer,
      truncated: () => {},
      came: () => {},
      quietSince,
    });
    const position = from === undefined ? LOG_START : fromCursor(from, CONTAINER);
    this.reading.begin({ position });
  }

  /** Where the next process goes on. */
  get cursor(): Cursor {
    const { position } = this.consumer;
    if (position === undefined) throw new Error("a log read from its start has a place");
    return JSON.parse(JSON.stringify(toCursor(CONTAINER, position))) as Cursor;
  }

  /** Reads the log's last entries, and more of them where those do not show the place, as a generation does. */
  read(log: readonly Entry[], pieces: readonly number[]): void {
    const { whole } = this.reading.place;
    let shown = whole ? log.length : Math.min(log.length, this.reading.entriesBefore % 97);
    for (;;) {
      if (this.#readTail(log, shown, pieces)) return;
      if (shown === log.length) throw new Error("the place was not found");
      shown = Math.min(log.length, shown * 2 + 1);
    }
  }

  /** The container has stopped, and its log was read to the end. */
  end(): void {
    this.reading.endOpenLines();
    this.reading.close();
  }

  /** The next records, all that there are by default; the last of them is delivered, too. */
  take(count: number = Infinity): LogRecord[] {
    const records: LogRecord[] = [];
    while (records.length < count) {
      this.consumer.acknowledge();
      const record = this.consumer.takeRecord();
      if (record === undefined) break;
      records.push(record);
    }
    this.consumer.acknowledge();
    return records;
  }

  #readTail(log: readonly Entry[], shown: number, pieces: readonly number[]): boolean {
    const { reading } = this;
    const isWhole = shown === log.length;
    const aligner = new Aligner(reading.place, isWhole);
    reading.beginReplay();
    let isPlaced = false;
    /** As a generation's plain reads do it. */
    const place = (): boolean => {
      isPlaced = reading.found() || isWhole;
      if (isPlaced) reading.acceptIncomplete();
      return isPlaced;
    };
    if (aligner.matched) place();
    for (const chunk of inPieces(log.slice(log.length - shown), pieces)) {
      let from = 0;
      if (!isPlaced) {
        from = aligner.push(chunk);
        reading.replay(chunk, from);
        if (!aligner.matched) continue;
        if (!place()) return false;
      }
      reading.commit(chunk, from);
    }
    return isPlaced;
  }
}

/** What has to agree however often reading was interrupted. */
export function known(records: readonly LogRecord[]): Record<string, unknown>[] {
  return records.map(({ stream, timestamp, line, id, truncated }) => ({
    stream,
    timestamp,
    line,
    id,
    truncated,
  }));
}
