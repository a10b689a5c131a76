import type { Entry, Fault } from "../../src/wire/entry.ts";
import { StablePartsDecoder } from "../../src/wire/stable-parts.ts";
import { TtyDecoder } from "../../src/wire/tty.ts";
import { cutInto, fromSocket, streamInput } from "../reads.ts";
import { hold, same } from "../target.ts";
import type { Target } from "../target.ts";
import { checkLines } from "./lines.ts";
import { STAMPS } from "./words.ts";

export const terminals: Target = {
  name: "terminals",
  about:
    "A log as a container with a terminal has it, after a start or not. In any cutting its lines are the same, and nothing is in them that did not come.",
  words: [...STAMPS, "\r\n", "\n", "\r", "Error grabbing logs: x", `${STAMPS[0]}tick\r\n`],
  check(input) {
    const { options, seed, bytes } = streamInput(input);
    const pieces = cutInto(bytes, seed);
    const all = decode(decoderOf(options), [bytes], seed, options);
    const cut = decode(decoderOf(options), pieces, seed, options);
    same("what is read", cut.entries.map(readable), all.entries.map(readable));
    same("the fault", cut.fault?.kind, all.fault?.kind);
    let length = 0;
    for (const { text, ended } of all.entries) length += text.length + (ended ? 1 : 0);
    hold(length <= bytes.length, "there is more than came");
    const joined = decode(new StablePartsDecoder(decoderOf(options)), pieces, seed, options);
    const text = textOf(all.entries);
    hold(text.startsWith(textOf(joined.entries)), "joined parts are not what came");
    checkLines([all.entries], [cut.entries], options >> 3);
  },
};

function decoderOf(options: number): TtyDecoder {
  return new TtyDecoder({
    startedAt: (options & 1) === 0 ? undefined : "2026-11-23T15:58:34.900000000Z",
    gluesLines: (options & 2) !== 0,
  });
}

interface Decoded {
  readonly entries: readonly Entry[];
  readonly fault: Fault | undefined;
}

function decode(
  decoder: TtyDecoder | StablePartsDecoder,
  pieces: readonly Buffer[],
  seed: number,
  options: number,
): Decoded {
  const entries: Entry[] = [];
  fromSocket(pieces, seed, (bytes, spans) => entries.push(...decoder.push(bytes, spans)));
  entries.push(...decoder.end((options & 4) !== 0));
  return { entries, fault: decoder.fault };
}

function readable({ stream, timestamp, text, ended }: Entry): unknown {
  return { stream, timestamp, text: text.toString("latin1"), ended };
}

function textOf(entries: readonly Entry[]): string {
  return entries
    .map(({ text, ended }) => `${text.toString("latin1")}${ended ? "\n" : ""}`)
    .join("");
}
