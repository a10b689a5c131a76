import type { Entries, Entry, Fault } from "../../src/wire/entry.ts";
import { FrameDecoder } from "../../src/wire/frames.ts";
import { StablePartsDecoder } from "../../src/wire/stable-parts.ts";
import { referenceDecode } from "../../test/wire/reference-decoder.ts";
import { cutInto, fromSocket, streamInput } from "../reads.ts";
import { hold, same } from "../target.ts";
import type { Target } from "../target.ts";
import { checkLines } from "./lines.ts";
import { STAMPS } from "./words.ts";

const HEADERS = ["\u0001\0\0\0", "\u0002\0\0\0", "\0\0\0\0", "\u0003\0\0\0"];
const LENGTHS = ["\0\0\0\u0025", "\0\0\0\u0020", "\0\u0001\0\u0001", "\xff\xff\xff\xff"];

export const frames: Target = {
  name: "frames",
  about:
    "A log as a container without a terminal has it. In any cutting it is read as a reader of one frame after the other does, and its lines are the same.",
  words: [
    ...STAMPS,
    ...HEADERS,
    ...LENGTHS,
    `${HEADERS[0]}${LENGTHS[0]}${STAMPS[0]}hello\n`,
    `${HEADERS[1]}${LENGTHS[0]}${STAMPS[0]}error\n`,
    "\n",
  ],
  check(input) {
    const { options, seed, bytes } = streamInput(input);
    const expected = referenceDecode(bytes);
    const pieces = cutInto(bytes, seed);
    const all = decode(new FrameDecoder(), [bytes], seed);
    const cut = decode(new FrameDecoder(), pieces, seed);
    for (const one of [all, cut]) {
      same("what is read", one.entries.map(readable), expected.entries);
      // A header of which not all has come may be refused before it has.
      if (expected.fault !== "header" || !expected.isCut)
        same("the fault", kindOf(one.fault), kindOfExpected(expected.fault));
    }
    const joined = decode(new StablePartsDecoder(new FrameDecoder()), pieces, seed);
    for (const stream of ["stdout", "stderr"]) {
      const text = textOf(all.entries, stream);
      const given = textOf(joined.entries, stream);
      hold(text.startsWith(given), `joined parts of ${stream} are not what came`);
      const lines = all.entries.filter((entry) => entry.stream === stream);
      const whole = lines.slice(0, lines.findLastIndex(({ ended }) => ended) + 1);
      hold(given.length >= textOf(whole, stream).length, `a line of ${stream} is kept back`);
    }
    checkLines(all.given, cut.given, options);
  },
};

interface Decoded {
  /** As they were given. */
  readonly given: readonly Entries[];
  readonly entries: readonly Entry[];
  readonly fault: Fault | undefined;
}

function decode(
  decoder: FrameDecoder | StablePartsDecoder,
  pieces: readonly Buffer[],
  seed: number,
): Decoded {
  const given: Entries[] = [];
  fromSocket(pieces, seed, (bytes, spans) => given.push(decoder.push(bytes, spans)));
  return { given, entries: given.flatMap((some) => Array.from(some)), fault: decoder.fault };
}

function readable({ stream, timestamp, text, ended }: Entry): unknown {
  return { stream, timestamp, text: text.toString("latin1"), ended };
}

function kindOf(fault: Fault | undefined): string {
  return fault?.kind ?? "none";
}

function kindOfExpected(fault: ReturnType<typeof referenceDecode>["fault"]): string {
  if (fault === undefined) return "none";
  return typeof fault === "string" ? "protocol" : "engine-error";
}

function textOf(entries: readonly Entry[], stream: string): string {
  return entries
    .filter((entry) => entry.stream === stream)
    .map(({ text, ended }) => `${text.toString("latin1")}${ended ? "\n" : ""}`)
    .join("");
}
