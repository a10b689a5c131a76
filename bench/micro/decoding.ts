import { ChunkedDecoder } from "../../src/wire/chunked.ts";
import type { Decoder } from "../../src/wire/entry.ts";
import { FrameDecoder } from "../../src/wire/frames.ts";
import { TtyDecoder } from "../../src/wire/tty.ts";
import type { Case } from "./case.ts";
import { chunks, frames, logLines, reads } from "./stream-bytes.ts";

const LINES = 16_000;
const TEXT_BYTES = 90;
/** Nothing but a type that the engine does not send takes these frames the slow way. */
const STDIN = 0;
const SLOW_WAY = "FrameDecoder, the slow way";

/** From bytes to entries. */
export function decodingCases(): Case[] {
  const lines = logLines({ lines: LINES, textBytes: TEXT_BYTES });
  const chunked = reads(chunks(frames(lines)));
  const framed = reads(frames(lines));
  const unusual = reads(frames(lines, STDIN));
  const tty = reads(logLines({ lines: LINES, textBytes: TEXT_BYTES, lineEnd: "\r\n" }));
  const spans = spansOf(chunked);
  const all = { unit: "line", count: LINES } as const;
  return [
    {
      ...all,
      name: "ChunkedDecoder, a chunk a line",
      reads: chunked,
      run: () => spansOf(chunked).reduce((sum, { length }) => sum + length / 2, 0),
      count: spans.reduce((sum, { length }) => sum + length / 2, 0),
    },
    {
      ...all,
      name: "FrameDecoder, a span a frame",
      reads: chunked,
      run: () => decode(new FrameDecoder(), chunked, spans),
    },
    {
      ...all,
      name: "FrameDecoder, a span a read",
      reads: framed,
      run: () => decode(new FrameDecoder(), framed),
      against: { name: SLOW_WAY, limit: 0.9 },
    },
    {
      ...all,
      name: SLOW_WAY,
      reads: unusual,
      run: () => decode(new FrameDecoder(), unusual),
    },
    { ...all, name: "TtyDecoder", reads: tty, run: () => decode(new TtyDecoder(), tty) },
  ];
}

/** Where in each read the body's bytes are. */
function spansOf(chunked: readonly Buffer[]): number[][] {
  const decoder = new ChunkedDecoder();
  return chunked.map((bytes) => {
    const spans: number[] = [];
    decoder.push(bytes, 0, bytes.length, spans);
    return spans;
  });
}

function decode(
  decoder: Decoder,
  all: readonly Buffer[],
  spans: readonly (readonly number[])[] = [],
): number {
  let count = 0;
  for (const [index, bytes] of all.entries()) count += decoder.push(bytes, spans[index]).length;
  if (decoder.fault !== undefined) throw new Error(decoder.fault.message);
  return count;
}
