import { Worker } from "node:worker_threads";

/** An input that takes longer is an endless loop: usual ones take less than a thousandth of it. */
const LONGEST_MS = 20_000;
/** Longer inputs are not passed on to the watchdog whole. */
const MAX_BYTES = 1024 * 1024;
const HEAD = 8;

/** Ends the process with the input that it does not get done with. */
const program = `
const { workerData } = require("node:worker_threads");
const { shared, head, longestMs, path } = workerData;
const state = new Int32Array(shared, 0, head / 4);
const bytes = new Uint8Array(shared, head);
let [last, since] = [0, Date.now()];
setInterval(() => {
  const now = Atomics.load(state, 0);
  if (now !== last) [last, since] = [now, Date.now()];
  else if (now % 2 === 1 && Date.now() - since > longestMs) {
    const text = Buffer.from(bytes.slice(0, state[1])).toString("latin1");
    const plain = JSON.stringify(text).replace(/[\\x7f-\\xff]/g, (c) => "\\\\u00" + c.charCodeAt(0).toString(16));
    require("node:fs").writeFileSync(path, plain + "\\n");
    process.stderr.write("An input takes longer than " + longestMs + " ms: " + path + "\\n");
    process.kill(process.pid, "SIGKILL");
  }
}, 500);
`;

/** Watches from another thread that each input ends. */
export class Watchdog {
  readonly #worker: Worker;
  readonly #state: Int32Array;
  readonly #bytes: Uint8Array;

  /** `path`: where an input is written that does not end. */
  constructor(path: string) {
    const shared = new SharedArrayBuffer(HEAD + MAX_BYTES);
    this.#state = new Int32Array(shared, 0, HEAD / 4);
    this.#bytes = new Uint8Array(shared, HEAD);
    const workerData = { shared, head: HEAD, longestMs: LONGEST_MS, path };
    this.#worker = new Worker(program, { eval: true, workerData });
    this.#worker.unref();
  }

  begin(input: Buffer): void {
    const length = Math.min(input.length, MAX_BYTES);
    this.#bytes.set(input.subarray(0, length));
    this.#state[1] = length;
    Atomics.add(this.#state, 0, 1);
  }

  end(): void {
    Atomics.add(this.#state, 0, 1);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
