import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Messages } from "../../src/cli/page/messages.ts";
import { eventually } from "./fake-follow.ts";

/** What a page is sent, read as a browser reads it. */
export class EventReader implements Disposable {
  readonly #response: IncomingMessage;
  #text = "";
  isOver = false;

  private constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding("utf8").on("data", (text: string) => (this.#text += text));
    response.on("error", () => {}).on("close", () => (this.isOver = true));
  }

  static open(url: string): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      get(new URL("events", url), { agent: false }, (response) =>
        resolve(new EventReader(response)),
      ).on("error", reject);
    });
  }

  get status(): number | undefined {
    return this.#response.statusCode;
  }

  get text(): string {
    return this.#text;
  }

  /** So far. */
  all<Name extends keyof Messages>(name: Name): Messages[Name][] {
    return this.#text
      .split("\n\n")
      .slice(0, -1)
      .filter((event) => event.startsWith(`event: ${name}\ndata: `))
      .map((event) => JSON.parse(event.slice(`event: ${name}\ndata: `.length)));
  }

  /** The first message that is as wanted, past or to come. */
  async first<Name extends keyof Messages>(
    name: Name,
    isWanted: (message: Messages[Name]) => boolean = () => true,
  ): Promise<Messages[Name]> {
    await eventually(() => this.all(name).some(isWanted), `a message "${name}"`);
    const found = this.all(name).find(isWanted);
    if (found === undefined) throw new Error(`no message "${name}"`);
    return found;
  }

  [Symbol.dispose](): void {
    this.#response.destroy();
  }
}
