import type { Target } from "./target.ts";
import { answers } from "./targets/answers.ts";
import { checkpoints } from "./targets/checkpoints.ts";
import { chunks } from "./targets/chunks.ts";
import { cursors } from "./targets/cursors.ts";
import { events } from "./targets/events.ts";
import { frames } from "./targets/frames.ts";
import { terminals } from "./targets/terminals.ts";
import { texts } from "./targets/texts.ts";

/** All that can be fuzzed. */
export const targets: readonly Target[] = [
  frames,
  terminals,
  chunks,
  events,
  answers,
  cursors,
  checkpoints,
  texts,
];
