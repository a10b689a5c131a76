import { describe, expect, it } from "vitest";
import type { FileNews } from "../../src/files/log-files.ts";
import { ShownFiles } from "../../src/stream/shown-files.ts";
import { WrittenLog } from "../files/written-log.ts";

/** Each entry's text with the place behind it. */
function told(news: FileNews): string[] {
  if (news.type !== "entries") return [news.type];
  return Array.from(news.entries, ({ text }, at) => `${String(text)} ${news.place(at).offset}`);
}

describe("files that another read goes on with", () => {
  it("show again what was shown and not taken, each entry with its place", async () => {
    await using log = await WrittenLog.create();
    log.write(9);
    const files = new ShownFiles(await log.open({ type: "tail", entries: 8 }));
    const all = told(await files.next());
    expect(all).toHaveLength(8);
    expect(files.isAtPlace).toBe(false);
    files.passed(3);
    files.begin();
    const rest = await files.next();
    expect(told(rest)).toEqual(all.slice(3));
    files.begin();
    expect(told(await files.next())).toEqual(all.slice(3));
    files.passed(1);
    // Of the same entries.
    files.passed(2);
    files.begin();
    expect(told(await files.next())).toEqual(all.slice(5));
    files.passed(Infinity);
    expect(told(await files.next())).toEqual(["end"]);
    log.write(1);
    files.begin();
    expect(told(await files.next())).toHaveLength(1);
    await files.close();
  });

  it("show a hole again, and what is behind it, until that is taken", async () => {
    await using log = await WrittenLog.create();
    log.write(1);
    log.writeRaw("\0".repeat(64));
    log.write(1);
    const files = new ShownFiles(await log.open());
    await files.next();
    files.passed(Infinity);
    const expected = [...told(await files.next()), ...told(await files.next())];
    expect(expected[0]).toBe("hole");
    files.begin();
    expect([...told(await files.next()), ...told(await files.next())]).toEqual(expected);
    files.passed(Infinity);
    files.begin();
    expect(told(await files.next())).toEqual(["end"]);
    await files.close();
  });

  it("keep nothing of what stands before the place", async () => {
    await using log = await WrittenLog.create();
    log.write(5);
    const files = new ShownFiles(await log.open());
    await files.next();
    await files.next();
    // What comes at the log's end may be nothing of its entries.
    files.passed(0);
    files.begin();
    expect(told(await files.next())).toEqual(["end"]);
    await files.close();
  });
});
