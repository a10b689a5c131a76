import type { FileEntry } from "./log-entries.ts";
import type { LoggedLine } from "./true-log.ts";
import type { Cut } from "./world.ts";

/** An entry of one of a log's files. */
export interface LoggedPart extends FileEntry {
  readonly path: string;
  readonly goneAt: number | undefined;
  readonly isDamaged: boolean;
}

/** Each run's lines have numbers of its own. */
const RUN_NUMBER = /\d{8,}/g;

/** Lines of Podman's `k8s-file`: each part has a time of its own, and only a line's last one ends it, whichever run wrote that. */
export function joinedParts(parts: readonly LoggedPart[], tty: boolean): LoggedLine[] {
  const open = new Map<string, LoggedPart[]>();
  const lines: LoggedLine[] = [];
  for (const part of parts) {
    const ofLine = [...(open.get(part.stream) ?? []), part];
    open.set(part.stream, ofLine);
    if (!part.log.endsWith("\n")) continue;
    open.delete(part.stream);
    lines.push(lineOf(ofLine, tty));
  }
  return [...lines, ...Array.from(open.values(), (ofLine) => lineOf(ofLine, tty))];
}

function lineOf(parts: readonly LoggedPart[], tty: boolean): LoggedLine {
  const [first] = parts;
  if (first === undefined) throw new RangeError("A line has parts.");
  const { stream, timestamp, goneAt: droppedAt } = first;
  const line = textOf(parts, tty);
  const isInTwo =
    parts.some(({ path }) => path !== first.path) || new Set(line.match(RUN_NUMBER)).size > 1;
  return {
    stream: tty ? "tty" : stream,
    timestamp,
    line,
    isDamaged: parts.some(({ isDamaged }) => isDamaged),
    droppedAt,
    cuts: isInTwo ? cutsOf(parts, tty) : [],
  };
}

function cutsOf(parts: readonly LoggedPart[], tty: boolean): Cut[] {
  return parts.slice(1).map(({ timestamp }, index) => ({
    head: textOf(parts.slice(0, index + 1), tty),
    tail: textOf(parts.slice(index + 1), tty),
    timestamp,
  }));
}

function textOf(parts: readonly LoggedPart[], tty: boolean): string {
  const text = parts.map(({ log }) => log).join("");
  return text.replace(tty ? /\r?\n$/ : /\n$/, "");
}
