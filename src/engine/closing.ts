import type { Readable } from "node:stream";

/** After a body's end, or its being given up: so long for the close of response and socket, which are destroyed. */
const CLOSE_WITHIN_MS = 2_000;

/** Resolves with its "close" event. `closed` becomes true a tick earlier, when nobody else has heard of it. */
export function closeOf(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) setImmediate(resolve);
    else stream.once("close", resolve);
  });
}

/** Resolves with `closed`, or when it is late. */
export async function soon(closed: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_WITHIN_MS);
  });
  await Promise.race([closed, late]);
  clearTimeout(timer);
}
