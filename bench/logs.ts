import type { RealEngine, RunOptions } from "../test/support/real-engine/engine.ts";

/** Numbered lines, each of `textBytes` without its end. */
export interface LogShape extends Omit<RunOptions, "script"> {
  readonly lines: number;
  readonly textBytes: number;
}

/** A container's log that is written. */
export interface Log {
  readonly id: string;
  readonly lines: number;
  /** What the engine sends for it, with timestamps. */
  readonly bytes: number;
}

/** The engine cuts longer lines into such parts. */
const PART_BYTES = 16_384;
const HEADER_BYTES = 8;
const STAMP_BYTES = "2026-11-23T15:58:34.885847851Z ".length;
const NUMBER_DIGITS = 9;
const WRITE_MS = 600_000;
const WRITTEN = "/tmp/written";

/** The digits of a line's number, which begins anew at zero behind the last one; none of an empty line. */
export function numberDigits(textBytes: number): number {
  return Math.min(textBytes, NUMBER_DIGITS);
}

/** A command that writes so many numbered lines as fast as it goes, or for ever. */
function writeLines(textBytes: number, lines?: number): string {
  const digits = numberDigits(textBytes);
  const padBytes = textBytes - digits;
  const print = digits === 0 ? 'print ""' : `printf "%0${digits}d%s\\n", i % ${10 ** digits}, pad`;
  const program = [
    "BEGIN {",
    `  pad = "abcdefghij"; while (length(pad) < ${padBytes}) pad = pad pad;`,
    `  pad = substr(pad, 1, ${padBytes}); for (i = 0; ${lines === undefined ? "" : `i < ${lines}`}; i++) ${print}`,
    "}",
  ].join("");
  return `awk '${program}'`;
}

/** A script that writes lines at full speed until its container is removed. */
export function writeForEver(textBytes: number): string {
  return writeLines(textBytes);
}

/** A script that writes lines and then does nothing; `untilWritten` waits for it. */
export function writeAndStay(lines: number, textBytes: number): string {
  return `${writeLines(textBytes, lines)}; touch ${WRITTEN}; sleep 100000`;
}

/** Waits until the script of `writeAndStay` has written its lines. */
export async function untilWritten(engine: RealEngine, id: string): Promise<void> {
  const look = `until [ -e ${WRITTEN} ]; do usleep 20000; done`;
  await engine.docker(["exec", id, "sh", "-c", look]);
}

/** Runs a container that writes a log, to its end. */
export async function makeLog(engine: RealEngine, shape: LogShape): Promise<Log> {
  const { lines, textBytes, ...options } = shape;
  const id = await engine.run({ ...options, script: writeLines(textBytes, lines) });
  const code = await engine.wait(id, WRITE_MS);
  if (code !== 0) throw new Error(`The writer of ${lines} lines ended with ${code}.`);
  return { id, lines, bytes: lines * lineBytes(textBytes, options.tty ?? false) };
}

function lineBytes(textBytes: number, tty: boolean): number {
  const parts = Math.ceil(textBytes / PART_BYTES);
  return tty
    ? textBytes + "\r\n".length + parts * STAMP_BYTES
    : textBytes + "\n".length + parts * (HEADER_BYTES + STAMP_BYTES);
}
