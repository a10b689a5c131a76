import type { FileHandle } from "node:fs/promises";

const LINE_END = 0x0a;
const CHUNK = 64 * 1_024;

/** Where the last whole line ends: what stands behind it was cut short by a crash, and was never acknowledged. */
export async function lastLineEnd(file: FileHandle, size: number): Promise<number> {
  const buffer = Buffer.alloc(CHUNK);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    const at = buffer.subarray(0, bytesRead).lastIndexOf(LINE_END);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}
