import { eventually } from "./fake-follow.ts";

/** What this process has open, by kind: connections, and timers that run. */
export interface OwnResources {
  readonly connections: number;
  readonly timers: number;
}

export function ownResources(): OwnResources {
  const names = process.getActiveResourcesInfo();
  return {
    connections: names.filter((name) => /TCP|Pipe|TLS|Socket|Connect/.test(name)).length,
    timers: names.filter((name) => name === "Timeout").length,
  };
}

/** No more connections and timers than before are left. */
export async function expectNoneLeft(before: OwnResources): Promise<void> {
  await eventually(
    () => {
      const now = ownResources();
      // The timer of this wait is one of them.
      return now.connections <= before.connections && now.timers <= before.timers + 1;
    },
    `as before: ${JSON.stringify(before)}, but ${JSON.stringify(ownResources())}`,
  );
}
