import { join } from "node:path";
import { inject } from "vitest";

/** The built file of a program, by its path from the project's folder, as "examples/health-server.ts". */
export function programPath(path: string): string {
  return join(inject("programs"), path.replace(/\.ts$/, ".js"));
}
