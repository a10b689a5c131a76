import { hold } from "./target.ts";

/** No single allocation is larger than this and what an input has, so many times. */
const BASE_BYTES = 512 * 1024;
const FACTOR = 8;

const METHODS = ["alloc", "allocUnsafe", "allocUnsafeSlow"] as const;

/** Watches how much memory is asked for at once: a length that the input claims must not be. */
export class Allocations {
  #largest = 0;
  readonly #originals = METHODS.map((name) => [name, Buffer[name]] as const);

  constructor() {
    for (const [name, original] of this.#originals) {
      Buffer[name] = (size: number, ...rest: []): Buffer<ArrayBuffer> => {
        if (size > this.#largest) this.#largest = size;
        return original.call(Buffer, size, ...rest);
      };
    }
  }

  /** Forgets what was allocated before. */
  begin(): void {
    this.#largest = 0;
  }

  /** @throws Finding */
  check(inputBytes: number): void {
    const largest = this.#largest;
    hold(
      largest <= BASE_BYTES + FACTOR * inputBytes,
      `${largest} bytes are allocated at once for an input of ${inputBytes}`,
    );
  }

  close(): void {
    for (const [name, original] of this.#originals) Buffer[name] = original;
  }
}
