import { Random } from "./random.ts";

/** Sizes of the pieces that an input is read in. */
const SIZES = [1, 2, 7, 30, 300, 20_000];

/** An input's first bytes choose how the rest is read. */
export interface StreamInput {
  /** Bits to choose options by. */
  readonly options: number;
  /** Chooses where it is cut. */
  readonly seed: number;
  readonly bytes: Buffer;
}

export function streamInput(input: Buffer): StreamInput {
  return { options: input[0] ?? 0, seed: input[1] ?? 0, bytes: input.subarray(2) };
}

/** Cuts `bytes` anywhere; no more than some thousand pieces. */
export function cutInto(bytes: Buffer, seed: number): Buffer[] {
  const random = new Random(seed);
  const size = Math.max(SIZES[seed % SIZES.length] ?? 1, Math.ceil(bytes.length / 2_000));
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + random.below(size);
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

/**
 * Hands each piece over in one and the same memory, with strange bytes around it, some of them in its midst, as they come from a
 * socket. The memory is spoiled as soon as a piece was taken.
 */
export function fromSocket(
  pieces: readonly Buffer[],
  seed: number,
  take: (bytes: Buffer, spans: readonly number[]) => void,
): void {
  const random = new Random(seed + 1);
  const shared = Buffer.alloc(Math.max(0, ...pieces.map(({ length }) => length)) + 24);
  for (const piece of pieces) {
    const gap = piece.length > 1 && random.below(3) === 0 ? 1 + random.below(piece.length - 1) : 0;
    const framing = gap === 0 ? 0 : 5;
    piece.copy(shared, 9, 0, gap);
    piece.copy(shared, 9 + gap + framing, gap);
    const bytes = shared.subarray(4, 9 + piece.length + framing + 2);
    const end = 5 + piece.length + framing;
    take(bytes, gap === 0 ? [5, end] : [5, 5 + gap, 5 + gap + framing, end]);
    shared.fill(0x01);
  }
}
