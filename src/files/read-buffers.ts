/** Large, so that a read costs little of a line. */
export const READ_BYTES: number = 256 * 1024;
/** So many wait for their next use. */
const MAX_FREE = 4;
/** So many are lent at once: Node.js reads no more files at a time than it has threads for them, four by default. */
const MAX_LENT = 16;

const free: Buffer[] = [];
const waiting: (() => void)[] = [];
let lent = 0;

/**
 * Lends a buffer for one read and what is made of it: readers that wait for something to be written hold none. However many read at
 * once, they hold no more than a few.
 */
export async function withReadBuffer<T>(use: (buffer: Buffer) => Promise<T>): Promise<T> {
  if (lent < MAX_LENT) lent++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
  try {
    return await use(buffer);
  } finally {
    if (free.length < MAX_FREE) free.push(buffer);
    const next = waiting.shift();
    if (next === undefined) lent--;
    else next();
  }
}
