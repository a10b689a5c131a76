import type { LogBatch } from "../../wire/records.ts";

/** Sends a batch; where it is too large, its halves, one after the other. `send` returns false where it is too large. */
export async function inHalves(
  records: LogBatch,
  send: (records: LogBatch) => Promise<boolean>,
): Promise<void> {
  if (await send(records)) return;
  const middle = Math.ceil(records.length / 2);
  await inHalves(records.slice(0, middle), send);
  await inHalves(records.slice(middle), send);
}

/** HTTP's status for a body that is too large; a single record can't be made smaller. */
export function isTooLarge(status: number, records: LogBatch): boolean {
  return status === 413 && records.length > 1;
}
