import { hash } from "node:crypto";
import type { Attributes } from "./attributes.ts";
import type { ContainerDetails } from "./container-details.ts";
import type { LogStream } from "./entry.ts";

/** What the engine knows of a container; one frozen object shared by all its records. */
export interface ContainerInfo {
  /** 64 hex digits. */
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly tty: boolean;
  /** "json-file", "local", "journald", … */
  readonly logDriver: string;
  /** The key in a pool's `engines`, or "default". */
  readonly engine: string;
  /** With the option `details`: what else the engine says of it. */
  readonly details?: ContainerDetails;
}

/** One line of a container's log: the engine's partial frames (16 KiB each) are already joined. */
export interface LogRecord {
  readonly container: ContainerInfo;
  readonly stream: LogStream;
  /** RFC 3339, brought to UTC, with every digit the engine sent: "2026-11-23T15:58:34.885847851Z". */
  readonly timestamp: string;
  /**
   * Text without its line end ("\n", or "\r\n" on a tty); invalid UTF-8 becomes U+FFFD (see `encoding`). With `multiline` the
   * lines are joined by "\n", and timestamp and id are the first one's.
   */
  readonly line: string;
  /**
   * True where `line` is not all of it: the line was longer than `maxLineBytes` and this is its beginning, or the engine has thrown
   * some of it away (then a `gap` tells of that, too).
   */
  readonly truncated: boolean;
  /**
   * Stable identity, 22 characters of base64url: of container, stream, timestamp, the whole content (also of a truncated
   * line), and which of the equal lines under one timestamp it is. The same line read again has the same id, for readers
   * that began before its timestamp or resumed from a cursor. Computed when asked for.
   */
  readonly id: string;
  /**
   * With the option `attributes`: what the container's log options `labels`, `env` and `tag` note with each line; one frozen object
   * for lines with the same ones.
   */
  readonly attributes?: Attributes;
  /** Every field above, `id` included. */
  toJSON(): Record<string, unknown>;
}

/** Records in log order, handed over together: the fast way to consume. */
export type LogBatch = readonly LogRecord[];

/** What a line's identity rests on besides where it stands: all its bytes, or their digest where they were too many to keep. */
export type Content = Buffer | { readonly digest: Buffer };

/** SHA-256 of a line's bytes: equal for equal contents, different for others. A text stands for its UTF-8. */
export function contentKey(content: Content | string): string {
  return typeof content === "string" || Buffer.isBuffer(content)
    ? hash("sha256", content, "base64url")
    : content.digest.toString("base64url");
}

/** Of 43 characters that a SHA-256 has in base64url: 132 bits. */
const ID_LENGTH = 22;

export class LineRecord implements LogRecord {
  readonly container: ContainerInfo;
  readonly stream: LogStream;
  readonly timestamp: string;
  readonly line: string;
  readonly truncated: boolean;
  readonly #content: Content | string | undefined;
  readonly #occurrence: number;

  /** `content`: a text stands for its UTF-8; undefined where that is the line's. */
  constructor(
    container: ContainerInfo,
    stream: LogStream,
    timestamp: string,
    line: string,
    truncated: boolean,
    content: Content | string | undefined,
    occurrence: number,
  ) {
    this.container = container;
    this.stream = stream;
    this.timestamp = timestamp;
    this.line = line;
    this.truncated = truncated;
    this.#content = content;
    this.#occurrence = occurrence;
  }

  /** Which of the equal lines under one timestamp it is, from 0. */
  get occurrence(): number {
    return this.#occurrence;
  }

  /** This line and those that go on with it, known by this one. `occurrence`: as it was when it was first read. */
  joined(line: string, truncated: boolean, occurrence?: number): LineRecord {
    return lineRecord(this.joinedParts(line, truncated, occurrence));
  }

  protected joinedParts(
    line: string,
    truncated: boolean,
    occurrence: number = this.#occurrence,
  ): ConstructorParameters<typeof LineRecord> {
    const { container, stream, timestamp } = this;
    const content = this.#content ?? this.line;
    return [container, stream, timestamp, line, truncated, content, occurrence];
  }

  get id(): string {
    const { container, stream, timestamp } = this;
    const content = contentKey(this.#content ?? this.line);
    const identity = `${container.id} ${stream} ${timestamp} ${this.#occurrence} ${content}`;
    return hash("sha256", identity, "base64url").slice(0, ID_LENGTH);
  }

  toJSON(): Record<string, unknown> {
    const { container, stream, timestamp, line, truncated, id } = this;
    return { container, stream, timestamp, line, truncated, id };
  }
}

/** Outside of the class: where a class names itself, bundlers rename it, and `console.log` shows that name. */
function lineRecord(parts: ConstructorParameters<typeof LineRecord>): LineRecord {
  return new LineRecord(...parts);
}

/** A record of a line that was read with its attributes. */
export class AttributedRecord extends LineRecord {
  readonly attributes: Attributes;

  constructor(attributes: Attributes, ...line: ConstructorParameters<typeof LineRecord>) {
    super(...line);
    this.attributes = attributes;
  }

  override joined(...line: Parameters<LineRecord["joined"]>): LineRecord {
    return attributedRecord(this.attributes, this.joinedParts(...line));
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), attributes: this.attributes };
  }
}

function attributedRecord(
  attributes: Attributes,
  parts: ConstructorParameters<typeof LineRecord>,
): AttributedRecord {
  return new AttributedRecord(attributes, ...parts);
}
