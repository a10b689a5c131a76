import type { Decoded as Piece, FileDecoder } from "../../src/files/file-decoder.ts";
import type { Entry } from "../../src/wire/entry.ts";
import { readable } from "../wire/bytes.ts";
import type { Decoded } from "../wire/bytes.ts";

/** What a decoder makes of a file's bytes. */
export interface DecodedFile {
  readonly entries: readonly (Decoded & { readonly end: number })[];
  readonly holes: readonly { readonly from: number; readonly to: number }[];
  /** Entries and holes in their order. */
  readonly order: readonly string[];
  readonly consumed: number;
}

/** Hands the chunks over in one and the same memory, and spoils it as soon as it was decoded. `see`: each entry. */
export function decodeFile(
  decoder: FileDecoder,
  chunks: readonly Buffer[],
  see: (entry: Entry) => void = () => {},
): DecodedFile {
  const entries: (Decoded & { end: number })[] = [];
  const holes: { from: number; to: number }[] = [];
  const order: string[] = [];
  let held = Buffer.alloc(0);
  let consumed = 0;
  const take = ({ pieces, consumed: taken }: Piece): void => {
    for (const piece of pieces) {
      if (piece.type === "hole") {
        holes.push({ from: consumed + piece.from, to: consumed + piece.to });
        order.push("hole");
        continue;
      }
      for (const [index, entry] of Array.from(piece.entries).entries()) {
        see(entry);
        entries.push({ ...readable(entry), end: consumed + (piece.ends[index] ?? Number.NaN) });
        order.push(entry.text.toString("latin1"));
      }
    }
    consumed += taken;
  };
  for (const chunk of chunks) {
    const misaligned = Buffer.alloc(held.length + chunk.length + 3).subarray(chunk.length % 4);
    const all = misaligned.subarray(0, held.length + chunk.length);
    held.copy(all);
    chunk.copy(all, held.length);
    const before = consumed;
    take(decoder.decode(all));
    held = Buffer.from(all.subarray(consumed - before));
    misaligned.fill("?");
  }
  take(decoder.decode(held, true));
  return { entries, holes, order, consumed };
}
