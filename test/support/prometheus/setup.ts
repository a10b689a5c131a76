import type { TestProject } from "vitest/node";

import { skipped } from "../skipped.ts";
import { whyNoPrometheus } from "./programs.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Whether Prometheus can be started here. */
    prometheus: boolean;
  }
}

export default function setup(project: TestProject): void {
  const reason = whyNoPrometheus();
  if (reason !== undefined) skipped(`Suites with Prometheus skipped: ${reason}`);
  project.provide("prometheus", reason === undefined);
}
