/** What a program of the benchmark is started with: one argument, JSON. */
export const options = JSON.parse(process.argv[2] ?? "{}");

/** What it has found, for the benchmark. */
export function report(found) {
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
