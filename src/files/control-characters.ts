/**
 * How many words of four bytes hold a control character (below a space), in `bytes[from..to)`; the bytes before and behind the
 * whole words count one by one.
 */
export function countControls(bytes: Buffer, from: number, to: number): number {
  const misaligned = (bytes.byteOffset + from) % 4;
  const start = Math.min(to, misaligned === 0 ? from : from + 4 - misaligned);
  const end = to - ((to - start) % 4);
  let count = 0;
  for (let at = from; at < start; at++) count += (bytes[at] ?? 0) < 0x20 ? 1 : 0;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, (end - start) / 4);
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? 0;
    // The high bit of a byte is set where it is below a space (Hacker's Delight, 6-1).
    if (((word - 0x20202020) & ~word & 0x80808080) !== 0) count++;
  }
  for (let at = end; at < to; at++) count += (bytes[at] ?? 0) < 0x20 ? 1 : 0;
  return count;
}
