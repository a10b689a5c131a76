/** What a reader program is started with: `node reader.mjs SOCKET CONTAINER`. */
export const [socketPath = "", container = ""] = process.argv.slice(2);

/** The log as `docker logs -t` asks for it. */
export const logPath = `/containers/${container}/logs?stdout=1&stderr=1&timestamps=1`;

/**
 * Tells the benchmark what was read, by which it checks that nothing was left out.
 *
 * @param {{ lines?: number, bytes?: number }} count
 */
export function report(count) {
  process.stdout.write(`${JSON.stringify(count)}\n`);
}
