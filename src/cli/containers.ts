import type { ContainerSelector } from "../index.ts";
import type { Settings } from "./settings.ts";

/** Which containers the settings mean. */
export function selectorOf({ patterns, labels }: Settings): ContainerSelector {
  return patterns.length === 0 ? { labels } : { labels, names: patterns };
}
