import type { Colours } from "./colours.ts";

type Paint = (text: string) => string;

/** So many containers keep their colours at most. */
const MAX_NAMES = 1_000;

/** A colour for each container, as long as there are any; then they come again. */
export class Palette {
  readonly #paints: readonly Paint[];
  readonly #given = new Map<string, Paint>();

  constructor(colours: Colours) {
    this.#paints = [
      colours.cyan,
      colours.green,
      colours.magenta,
      colours.yellow,
      colours.blue,
      colours.cyanBright,
      colours.greenBright,
      colours.magentaBright,
      colours.yellowBright,
      colours.blueBright,
    ];
  }

  /** `id`: the container's. */
  of(id: string): Paint {
    const known = this.#given.get(id);
    if (known !== undefined) return known;
    // Containers come and go.
    if (this.#given.size === MAX_NAMES) this.#given.clear();
    const colour = this.#paints[this.#given.size % this.#paints.length] ?? String;
    this.#given.set(id, colour);
    return colour;
  }
}
