/** Large, so that a read costs little of a line. */
export const READ_BYTES: number = 256 * 1024;
/** So many wait for their next use. */
const MAX_FREE = 4;

const free: Buffer[] = [];

/** Lends a buffer for one read and what is made of it: readers that wait for something to be written hold none. */
export async function withReadBuffer<T>(use: (buffer: Buffer) => Promise<T>): Promise<T> {
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
  try {
    return await use(buffer);
  } finally {
    if (free.length < MAX_FREE) free.push(buffer);
  }
}
