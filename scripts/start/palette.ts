import pc from "picocolors";

type Paint = (text: string) => string;

const colours: readonly Paint[] = [
  pc.cyan,
  pc.green,
  pc.magenta,
  pc.yellow,
  pc.blue,
  pc.cyanBright,
  pc.greenBright,
  pc.magentaBright,
  pc.yellowBright,
  pc.blueBright,
];

/** A colour for each container, as long as there are any; then they come again. */
export class Palette {
  readonly #given = new Map<string, Paint>();

  of(id: string): Paint {
    const known = this.#given.get(id);
    if (known !== undefined) return known;
    const colour = colours[this.#given.size % colours.length] ?? String;
    this.#given.set(id, colour);
    return colour;
  }
}
