/** Ways to read a log file. */
export const filesWays = [
  "reader",
  "a stream, newlines counted",
  "large reads, newlines counted",
  "large reads, JSON.parse for each line",
] as const;
export type FilesWay = (typeof filesWays)[number];
