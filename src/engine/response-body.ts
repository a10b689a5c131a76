/** Takes bytes within pairs of from and to, as `TakeBytes` does; throws nothing, and its promise does not reject. */
export type Given = (bytes: Buffer, spans: readonly number[]) => Promise<void> | undefined;

/** The body of an answer, to be read or closed. */
export interface Body {
  /** It has ended as its framing says it should. */
  readonly isComplete: boolean;
  /** Hands over what has come and what comes. Calls `ended` at its end, and when it is destroyed; maybe again. */
  read(given: Given, ended: () => void, coalesce: boolean): void;
  /** Gives it up. */
  destroy(): void;
  /** Resolves when it and its socket are closed, or late. `mayKeep`: its socket may serve another request, where it can. */
  close(mayKeep: boolean): Promise<void>;
}
