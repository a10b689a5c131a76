/** Large, so that a read costs little of a line … */
export const READ_BYTES: number = 256 * 1024;
/** … but a reader whose consumer pauses holds what it has read last: less for each where there are many, */
const ALL_READ_BYTES = 16 * 1024 * 1024;
/** and no less than this. */
const LEAST_READ_BYTES = 64 * 1024;
/** So many wait for their next use. */
const MAX_FREE = 4;
/** So many are lent at once: Node.js reads no more files at a time than it has threads for them, four by default. */
const MAX_LENT = 16;

const free: Buffer[] = [];
const waiting: (() => void)[] = [];
let lent = 0;
let readers = 0;

/** One more reads, until what this returns is called. */
export function countReader(): () => void {
  readers++;
  let isOver = false;
  return () => {
    if (!isOver) readers--;
    isOver = true;
  };
}

function readBytes(): number {
  const share = Math.floor(ALL_READ_BYTES / Math.max(1, readers));
  return Math.min(READ_BYTES, Math.max(LEAST_READ_BYTES, share));
}

/**
 * Lends a buffer for one read and what is made of it: readers that wait for something to be written hold none. However many read at
 * once, they hold no more than a few.
 */
export async function withReadBuffer<T>(use: (buffer: Buffer) => Promise<T>): Promise<T> {
  if (lent < MAX_LENT) lent++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
  try {
    return await use(buffer.subarray(0, readBytes()));
  } finally {
    if (free.length < MAX_FREE) free.push(buffer);
    const next = waiting.shift();
    if (next === undefined) lent--;
    else next();
  }
}
