import { lstat } from "node:fs/promises";

type State =
  | { readonly type: "unknown" }
  /** It was looked at when all of it had been read. "sure": and was the same when it had been read again. */
  | { readonly type: "noted" | "sure"; readonly stamp: string };

/** Tells by one cheap look that nothing has happened to a log file since it was read to its end. */
export class QuietFile {
  readonly #path: string;
  #state: State = { type: "unknown" };

  constructor(path: string) {
    this.#path = path;
  }

  /** It is likely: a look would only take time. */
  changed(): void {
    this.#state = { type: "unknown" };
  }

  /** Neither written, nor emptied, renamed or removed. */
  async isUnchanged(): Promise<boolean> {
    const state = this.#state;
    if (state.type !== "sure") return false;
    if ((await this.#look())?.stamp === state.stamp) return true;
    this.#state = { type: "unknown" };
    return false;
  }

  /** All that there is was read: so many bytes; undefined where more may come without a change of this file. */
  async readTo(size: number | undefined): Promise<void> {
    const look = size === undefined ? undefined : await this.#look();
    if (look === undefined || look.size !== BigInt(size ?? 0)) {
      this.#state = { type: "unknown" };
      return;
    }
    const { stamp } = look;
    // Only between two looks that are the same it is certain that the file that was read is the one that was looked at.
    const isSame = this.#state.type !== "unknown" && this.#state.stamp === stamp;
    this.#state = { type: isSame ? "sure" : "noted", stamp };
  }

  async #look(): Promise<{ readonly stamp: string; readonly size: bigint } | undefined> {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await lstat(this.#path, { bigint: true });
      return { stamp: `${ino} ${size} ${mtimeNs} ${ctimeNs}`, size };
    } catch {
      // The reader itself tells why.
      return undefined;
    }
  }
}
