import fc from "fast-check";
import { execFileSync } from "node:child_process";
import { constants, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { open, utimes } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ContainerLogSource, FileCheckpointStore } from "../../src/index.ts";
import type { LogBatch, Sink, SinkContext } from "../../src/index.ts";
import { fileSink } from "../../src/sinks/file.ts";
import type { FileOptions } from "../../src/sinks/file.ts";
import { FakeEngine } from "../../src/testing.ts";
import { temporaryFolder } from "../support/checkpoint-files.ts";
import { gate } from "../support/delivery-sinks.ts";
import { thrown } from "../support/fake-follow.ts";
import { recordOf } from "../support/plain-records.ts";

const context: SinkContext = { signal: new AbortController().signal, attempt: 1 };
const second: SinkContext = { ...context, attempt: 2 };
const asText = (records: LogBatch): string => records.map(({ line }) => `${line}\n`).join("");

function lines(...texts: readonly string[]): LogBatch {
  return texts.map((text) => recordOf(text));
}

interface Setup {
  readonly path: string;
  readonly sink: Sink;
  /** The file's content, then that of rotated ones, the newest first. */
  readonly contents: () => string[];
}

function setup(options: FileOptions = {}): Setup {
  const folder = temporaryFolder();
  const path = join(folder, "logs", "lines.txt");
  const contents = (): string[] => {
    const [own = "", ...rotated] = readdirSync(join(folder, "logs")).toSorted();
    return [own, ...rotated.toReversed()].map((name) =>
      readFileSync(join(folder, "logs", name), "utf8"),
    );
  };
  return { path, sink: fileSink(path, { format: asText, ...options }), contents };
}

/** What all open files have in common. */
async function fileHandle(): Promise<FileHandle> {
  const handle = await open(process.execPath);
  await handle.close();
  return Object.getPrototypeOf(handle);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the sink for files", () => {
  it("appends batches as NDJSON, and makes the folder", async () => {
    const { path, contents } = setup();
    const sink = fileSink(path);
    await sink(lines("a", "b"), context);
    await sink(lines("c"), context);
    const written = contents()[0]?.split("\n").slice(0, -1) ?? [];
    expect(written.map((json): string => JSON.parse(json).line)).toEqual(["a", "b", "c"]);
  });

  it("begins a new file before one is too large, and keeps the newest ones", async () => {
    const { sink, contents } = setup({ maxBytes: 6, maxFiles: 2 });
    for (const text of ["a1", "a2", "b1", "b2", "much too long", "c1", "c2", "d"])
      await sink(lines(text), context);
    expect(contents()).toEqual(["d\n", "c1\nc2\n", "much too long\n"]);
  });

  it("writes each batch once where an old file can't be deleted", async () => {
    const { path, sink } = setup({ maxBytes: 1, maxFiles: 0 });
    await sink(lines("a"), context);
    const old = `${path}.20260101T000000.000Z`;
    mkdirSync(old);
    await expect(sink(lines("b"), context)).rejects.toThrow(old);
    await sink(lines("b"), second);
    expect(readFileSync(path, "utf8")).toBe("b\n");
  });

  it("refuses what is no file, and writes nothing into it", async () => {
    const { path, sink } = setup();
    await sink(lines("a"), context);
    const folder = dirname(path);
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const reader = await open(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    for (const [other, what] of [
      [folder, "EISDIR"],
      [pipe, "it is a pipe, and not a file"],
      ["/dev/null", "it is a device, and not a file"],
    ] as const)
      await expect(fileSink(other)(lines("b"), context)).rejects.toMatchObject({
        retryable: false,
        message: expect.stringContaining(what),
      });
    await expect(reader.read()).rejects.toThrow("EAGAIN");
    await reader.close();
  });

  it("begins a new file where the last line is of an earlier period", async () => {
    const { path, sink, contents } = setup({ everyMs: 3_600_000 });
    await sink(lines("a"), context);
    const before = new Date(Date.now() - 3_600_000);
    await utimes(path, before, before);
    await sink(lines("b"), context);
    expect(contents()).toEqual(["b\n", "a\n"]);
  });

  it("resolves once a batch is synced, or once it is written where that is chosen", async () => {
    const prototype = await fileHandle();
    const synced = vi.spyOn(prototype, "datasync");
    const folderSynced = vi.spyOn(prototype, "sync");
    await setup({ fsync: "none" }).sink(lines("a"), context);
    expect([synced.mock.calls.length, folderSynced.mock.calls.length]).toEqual([0, 0]);
    const { sink } = setup();
    await sink(lines("a"), context);
    await sink(lines("b"), context);
    expect([synced.mock.calls.length, folderSynced.mock.calls.length]).toEqual([2, 1]);
    synced.mockRejectedValueOnce(new Error("EIO"));
    await expect(sink(lines("c"), context)).rejects.toThrow("EIO");
  });

  it("takes back what a failed write left behind", async () => {
    const { sink, contents } = setup();
    await sink(lines("a"), context);
    const appendFile = vi.spyOn(await fileHandle(), "appendFile");
    appendFile.mockImplementationOnce(async function half(this: FileHandle, data) {
      const bytes = Buffer.from(data as Uint8Array);
      await this.write(bytes, 0, bytes.length - 2);
      throw new Error("ENOSPC");
    });
    await expect(sink(lines("b", "c"), context)).rejects.toThrow("ENOSPC");
    expect(contents()).toEqual(["a\nb\n"]);
    await sink(lines("b", "c"), second);
    expect(contents()).toEqual(["a\nb\nc\n"]);
  });

  it("writes no batch again that a late attempt has written, nor two at once", async () => {
    const { sink, contents } = setup();
    const opened = gate();
    const prototype = await fileHandle();
    const datasync = Reflect.get(prototype, "datasync");
    vi.spyOn(prototype, "datasync").mockImplementationOnce(async function late(this: FileHandle) {
      await opened.opened;
      await datasync.call(this);
    });
    const own = new AbortController();
    const first = sink(lines("a", "b"), { signal: own.signal, attempt: 1 });
    own.abort(new Error("too late"));
    await expect(first).rejects.toThrow("too late");
    const again = sink(lines("a", "b"), second);
    opened.open();
    await again;
    await sink(lines("c"), context);
    expect(contents()).toEqual(["a\nb\nc\n"]);
  });

  it("takes back the last line where a crash cut it short, wherever", async () => {
    const texts = fc.array(fc.stringMatching(/^[a-z]{1,20}$/), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(texts, fc.nat(), async (written, at) => {
        const whole = written.map((line) => `${line}\n`).join("");
        const cut = whole.slice(0, at % (whole.length + 1));
        const { path, sink, contents } = setup();
        await sink(lines("x"), context);
        writeFileSync(path, `x\n${cut}`);
        await fileSink(path, { format: asText })(lines("next"), context);
        expect(contents()).toEqual([`x\n${cut.slice(0, cut.lastIndexOf("\n") + 1)}next\n`]);
      }),
      { numRuns: 20 },
    );
  });

  it("finds the end of the last line behind a long one, and keeps a text that is no line", async () => {
    const { path, sink, contents } = setup();
    await sink(lines("a"), context);
    const long = "y".repeat(200_000);
    writeFileSync(path, `a\n${long}`);
    await fileSink(path, { format: asText })(lines("b"), context);
    expect(contents()).toEqual(["a\nb\n"]);
    writeFileSync(path, "somebody's");
    await fileSink(path, { format: asText })(lines("b"), context);
    expect(contents()).toEqual(["somebody's\nb\n"]);
  });

  it("goes on in a new file where somebody has emptied it", async () => {
    const { path, sink, contents } = setup();
    await sink(lines("a"), context);
    writeFileSync(path, "");
    await sink(lines("b"), context);
    expect(contents()).toEqual(["b\n"]);
  });

  it("has a container's log over several runs and rotations, each line once", async () => {
    await using fake = await FakeEngine.start();
    const web = fake.create({ name: "web" });
    const { sink, contents, path } = setup({ maxBytes: 400 });
    const checkpoints = new FileCheckpointStore(join(path, "../../positions.json"));
    for (let run = 0; run < 3; run++) {
      for (let at = 0; at < 50; at++) web.write(`run ${run} line ${at}`);
      const source = new ContainerLogSource("web", {
        engine: fake.engine,
        checkpoints,
        follow: false,
      });
      await source.deliver(sink, { maxRecords: 7 }).done;
    }
    const [own = "", ...rotated] = contents();
    expect(rotated.length).toBeGreaterThan(3);
    const text = [...rotated.toReversed(), own].join("");
    expect(text.split("\n").slice(0, -1)).toEqual(web.written.map(({ line }) => line));
  });

  it("refuses options that it does not have", () => {
    for (const options of [{ fsync: "always" }, { maxBytes: 0 }, { maxFiles: -1 }, { size: 1 }])
      expect(thrown(() => fileSink("x", options as never), "INVALID_OPTION").message).not.toBe("");
    expect(thrown(() => fileSink(""), "INVALID_OPTION").message).toContain("path");
  });
});
