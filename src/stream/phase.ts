/**
 * What a generation does, told at every change. All but "following" end by themselves: each has a deadline that moves only
 * with bytes, and rests while the consumer takes nothing.
 */
export type StreamPhase =
  /** A follow was asked for, and its headers have not come. */
  | { readonly type: "opening" }
  /** A follow shows the log's end, and the place in it is not found yet: for so long without a byte at most. */
  | { readonly type: "aligning"; readonly silenceMs: number }
  /** Plain reads, whose end is definite, of what a follow can't be asked for. */
  | { readonly type: "catching-up" }
  /** A follow behind the place: silent where nothing is written. */
  | { readonly type: "following" };
