import { printable } from "../printable.ts";
import type { Colours } from "./colours.ts";
import type { Notice } from "./notices.ts";
import type { Output } from "./output.ts";

/** Where lines and notices go. */
export interface Display {
  /** Lines, each with its line end. Resolves once they are taken. @throws as `Output.write` */
  print(text: string): Promise<void>;
  notice(notice: Notice): void;
  /** Called a few times a second: shows how it stands now. */
  draw(): void;
  /** Leaves nothing behind but what was printed. */
  stop(): void;
}

/** Lines on standard output, notices on standard error. */
export class PlainDisplay implements Display {
  readonly #output: Output;
  readonly #errors: NodeJS.WritableStream;
  readonly #colours: Colours;
  readonly #due: () => Notice | undefined;

  /** `colours`: of the notices. `due`: what there is to say now and then. */
  constructor(
    output: Output,
    errors: NodeJS.WritableStream,
    colours: Colours,
    due: () => Notice | undefined = () => undefined,
  ) {
    this.#output = output;
    this.#errors = errors;
    this.#colours = colours;
    this.#due = due;
  }

  print(text: string): Promise<void> {
    return this.#output.write(text);
  }

  notice(notice: Notice): void {
    this.#errors.write(`${painted(notice, this.#colours)}\n`);
  }

  draw(): void {
    const notice = this.#due();
    if (notice !== undefined) this.notice(notice);
  }

  stop(): void {}
}

export function painted({ tone, text }: Notice, colours: Colours): string {
  const shown = printable(text);
  switch (tone) {
    case "good":
      return colours.green(shown);
    case "note":
      return colours.dim(shown);
    default:
      return colours.yellow(shown);
  }
}
