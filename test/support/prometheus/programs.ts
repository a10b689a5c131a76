import { engineEnvironment, findProgram } from "../real-engine/programs.ts";

/** Why neither Prometheus nor promtool can be run here; undefined where both can. */
export function whyNoPrometheus(): string | undefined {
  const env = engineEnvironment();
  for (const program of ["prometheus", "promtool"]) {
    if (findProgram(program, env) === undefined) return `${program} is not installed`;
  }
  return undefined;
}
