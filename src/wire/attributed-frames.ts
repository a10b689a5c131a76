import { AttributePrefix } from "./attributes.ts";
import type { Decoder, Entry, Fault } from "./entry.ts";
import { FrameDecoder } from "./frames.ts";

/**
 * Decodes frames that were asked for with their attributes (`details=1`): the engine puts them before each part of a line. The
 * entries are as without them, so that a place in the log is found again whether they were asked for or not.
 */
export class AttributedFrameDecoder implements Decoder {
  readonly #frames = new FrameDecoder();
  readonly #prefix = new AttributePrefix();

  get fault(): Fault | undefined {
    return this.#frames.fault;
  }

  get isHolding(): boolean {
    return this.#frames.isHolding;
  }

  get isCutOff(): boolean {
    return this.#frames.isCutOff;
  }

  push(bytes: Buffer, spans?: readonly number[]): Entry[] {
    return Array.from(this.#frames.push(bytes, spans), (entry) => this.#stripped(entry));
  }

  end(): Entry[] {
    return this.#frames.end();
  }

  #stripped(entry: Entry): Entry {
    // Of a large frame only the first piece has them.
    if (entry.isRest === true) return entry;
    const { stream, timestamp, text, ended } = entry;
    const prefix = this.#prefix.read(text);
    if (prefix === undefined) return entry;
    const { attributes, textStart } = prefix;
    return { stream, timestamp, text: text.subarray(textStart), ended, attributes };
  }
}
