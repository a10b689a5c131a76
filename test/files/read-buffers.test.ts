import { describe, expect, it, onTestFinished } from "vitest";
import { countReader, withReadBuffer } from "../../src/files/read-buffers.ts";
import { WrittenLog, readOn } from "./written-log.ts";

function addReaders(count: number): void {
  const counted = Array.from({ length: count }, countReader);
  onTestFinished(() => {
    for (const end of counted) end();
  });
}

const length = (): Promise<number> => withReadBuffer((buffer) => Promise.resolve(buffer.length));

describe("a buffer for a read", () => {
  it("is smaller where there are many readers, each of which may hold what it has read", async () => {
    expect(await length()).toBe(256 * 1024);
    addReaders(128);
    expect(await length()).toBe(128 * 1024);
    addReaders(2_000);
    expect(await length()).toBe(64 * 1024);
  });

  it("is as large as before once they are closed", async () => {
    await using log = await WrittenLog.create();
    for (let count = 0; count < 100; count++) {
      const reader = await log.open();
      await reader.close();
      await reader.close();
    }
    expect(await length()).toBe(256 * 1024);
  });

  it("is as large as an entry needs", async () => {
    await using log = await WrittenLog.create();
    addReaders(1_000);
    const written = ["x".repeat(16_000), "y".repeat(90_000), "z".repeat(300_000), "end"];
    for (const text of written)
      log.writeRaw(`{"log":"${text}\\n","stream":"stdout","time":"${log.timestamp(1)}"}\n`);
    await using reader = await log.open();
    const { shown } = await readOn(reader);
    // A long one comes in pieces, as on the wire.
    expect(shown.join("") === written.join("")).toBe(true);
  });
});
