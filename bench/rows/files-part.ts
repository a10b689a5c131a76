import type { Section } from "../report.ts";

/** One of the measurements of the row of files. */
export interface FilesPart extends Pick<Section, "tables" | "broken"> {
  readonly text: string;
}
