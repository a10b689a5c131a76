/** A copy of what `bytes` hold within `spans`, pairs of from and to, in one piece. */
export function gather(bytes: Buffer, spans: readonly number[]): Buffer {
  let length = 0;
  for (let index = 0; index < spans.length; index += 2)
    length += (spans[index + 1] ?? 0) - (spans[index] ?? 0);
  const all = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (let index = 0; index < spans.length; index += 2)
    at += bytes.copy(all, at, spans[index], spans[index + 1]);
  return all;
}
