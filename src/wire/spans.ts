/** How many bytes are within `spans`, pairs of from and to. */
export function lengthOf(spans: readonly number[]): number {
  let length = 0;
  for (let index = 0; index < spans.length; index += 2)
    length += (spans[index + 1] ?? 0) - (spans[index] ?? 0);
  return length;
}

/** Copies what `bytes` hold within `spans` to `at` in `to`. */
export function copySpans(bytes: Buffer, spans: readonly number[], to: Buffer, at: number): void {
  let end = at;
  for (let index = 0; index < spans.length; index += 2)
    end += bytes.copy(to, end, spans[index], spans[index + 1]);
}

/** A copy of what `bytes` hold within `spans`, in one piece. */
export function gather(bytes: Buffer, spans: readonly number[]): Buffer {
  const all = Buffer.allocUnsafeSlow(lengthOf(spans));
  copySpans(bytes, spans, all, 0);
  return all;
}
