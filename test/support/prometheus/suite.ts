import { describe, inject } from "vitest";

import { RealEngine, describeWithEngine } from "../real-engine.ts";

/** A suite with a real engine and a real Prometheus; skipped where either can't be started. */
export function describeWithPrometheus(name: string, body: (engine: RealEngine) => void): void {
  if (inject("prometheus")) describeWithEngine(name, body);
  else
    describe.skip(name, () =>
      body(
        RealEngine.attach({
          kind: "docker",
          directory: "",
          socketPath: "",
          ownSocketPath: "",
          pid: 0,
        }),
      ),
    );
}
