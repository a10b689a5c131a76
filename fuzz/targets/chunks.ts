import { ChunkedDecoder } from "../../src/wire/chunked.ts";
import { cutInto, streamInput } from "../reads.ts";
import { hold, same } from "../target.ts";
import type { Target } from "../target.ts";

export const chunks: Target = {
  name: "chunks",
  about:
    "A chunked HTTP body. In any cutting the same bytes are its content, or it is refused at the same place.",
  words: ["5\r\nhello\r\n", "0\r\n\r\n", "\r\n", "ffffffffffff", "A;x=1\r\n", "trailer: x\r\n"],
  check(input) {
    const { seed, bytes } = streamInput(input);
    same("the content", decode(cutInto(bytes, seed)), decode([bytes]));
  },
};

function decode(pieces: readonly Buffer[]): unknown {
  const decoder = new ChunkedDecoder();
  const content: string[] = [];
  for (const piece of pieces) {
    const spans: number[] = [];
    let isRefused = false;
    try {
      decoder.push(piece, 0, piece.length, spans);
    } catch (error) {
      hold(error instanceof SyntaxError, `it throws ${String(error)}`);
      isRefused = true;
    }
    let end = 0;
    for (let index = 0; index < spans.length; index += 2) {
      const [from = -1, to = -1] = spans.slice(index, index + 2);
      hold(from >= end && to > from && to <= piece.length, "a span lies elsewhere");
      content.push(piece.toString("latin1", from, to));
      end = to;
    }
    if (isRefused) return { content: content.join(""), isRefused };
  }
  return { content: content.join(""), isComplete: decoder.isComplete };
}
