import type { FrameEntries } from "./frame-entries.ts";
import { AttributedRecord, LineRecord } from "./records.ts";
import type { ContainerInfo } from "./records.ts";

const REPLACEMENT = "\ufffd";

/** Records of the first `count` entries, which are lines as they stand (`LineAssembler.takesWhole`). */
export function wholeLines(
  entries: FrameEntries,
  count: number,
  container: ContainerInfo,
  encoding: "utf8" | "latin1",
): LineRecord[] {
  const records: LineRecord[] = [];
  const { isAscii, attributes } = entries;
  for (let index = 0; index < count; index++) {
    const stream = entries.stream(index);
    const timestamp = entries.timestamp(index);
    const text = isAscii || encoding === "latin1" ? entries.latin1(index) : entries.utf8(index);
    const returns = stream === "tty" && text.endsWith("\r");
    const line = returns ? text.slice(0, -1) : text;
    // Text that is not the bytes' own UTF-8 does not tell them.
    const tells = isAscii || (encoding === "utf8" && !text.includes(REPLACEMENT));
    const told = returns ? text : undefined;
    const content = tells ? told : entries.text(index);
    records.push(
      attributes === undefined
        ? new LineRecord(container, stream, timestamp, line, false, content, 0)
        : new AttributedRecord(attributes, container, stream, timestamp, line, false, content, 0),
    );
  }
  return records;
}
