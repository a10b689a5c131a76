/** Which requests a fault of the proxy strikes. */
export type Target = "all" | "logs" | "events" | "other";

/** What the proxy does to connections while the fault lasts. */
export type NetworkFault =
  /** Each is cut: at once, and new ones after so many bytes of their answers. */
  | { readonly kind: "cut"; readonly target: Target; readonly mostBytes: number }
  /** Open ones lose their next answer in the middle of a frame, by a reset where there is TCP. */
  | { readonly kind: "reset mid-frame"; readonly target: Target }
  /** The peer of the open ones is gone, and nothing tells. */
  | { readonly kind: "half-open"; readonly target: Target }
  | { readonly kind: "delay"; readonly target: Target; readonly delayMs: number }
  /** Answers come one byte at a time. */
  | { readonly kind: "single bytes"; readonly target: Target }
  /** `isForEver`: such a request is not answered later either. */
  | { readonly kind: "headers withheld"; readonly target: Target; readonly isForEver: boolean }
  | { readonly kind: "bodies withheld"; readonly target: Target; readonly isForEver: boolean }
  | { readonly kind: "status"; readonly target: Target; readonly status: number }
  | { readonly kind: "redirect"; readonly target: Target; readonly location: string }
  | { readonly kind: "another server"; readonly target: Target; readonly server: Stranger }
  | { readonly kind: "refused" }
  | { readonly kind: "idle limit"; readonly idleMs: number }
  | { readonly kind: "events die" };

export type Stranger = "ssh" | "page" | "empty" | "noise";

/** What happens to the engine itself. */
export type EngineFault =
  | { readonly kind: "daemon stopped" }
  | { readonly kind: "daemon killed" }
  | { readonly kind: "no descriptors" }
  | { readonly kind: "engine's clock"; readonly aheadMs: number };

/** What happens on the collector's side. */
export type OwnFault =
  | { readonly kind: "disk full" }
  | { readonly kind: "our clock"; readonly aheadMs: number }
  | { readonly kind: "sink throws" }
  | { readonly kind: "sink hangs" }
  | { readonly kind: "sink is slow" }
  | { readonly kind: "sink calls back" };

/** Something that lasts for a while. */
export interface Fault {
  readonly atMs: number;
  readonly forMs: number;
  readonly fault: NetworkFault | EngineFault | OwnFault;
}

export type ContainerKind =
  | "steady"
  | "bursts"
  | "quiet"
  | "long lines"
  | "terminal"
  /** Small log files, which the engine rotates every second or so. */
  | "rotated"
  /** Written faster than a slow reader can follow, with small log files. */
  | "flood";

export interface ContainerPlan {
  readonly name: string;
  readonly kind: ContainerKind;
}

/** What happens at one moment. */
export type Act =
  | { readonly kind: "create"; readonly container: ContainerPlan }
  /** A container that prints some lines and is gone; `rm`: removed by the engine. */
  | { readonly kind: "flash"; readonly name: string; readonly lines: number; readonly rm: boolean }
  | { readonly kind: "kill"; readonly name: string }
  | { readonly kind: "stop"; readonly name: string }
  | { readonly kind: "start"; readonly name: string }
  | { readonly kind: "restarts"; readonly name: string; readonly times: number }
  | { readonly kind: "pause"; readonly name: string; readonly forMs: number }
  | { readonly kind: "rename"; readonly name: string; readonly to: string }
  | { readonly kind: "remove"; readonly name: string }
  | { readonly kind: "damage"; readonly name: string }
  | { readonly kind: "empty"; readonly name: string }
  /** Only of the fake engine: log streams that are open send nothing any more, though the log grows. */
  | { readonly kind: "stall"; readonly name: string }
  | { readonly kind: "rotate"; readonly name: string | undefined }
  | { readonly kind: "detach"; readonly name: string; readonly forMs: number }
  | { readonly kind: "attach"; readonly name: string }
  | { readonly kind: "collector closed" }
  | { readonly kind: "collector killed" };

export interface Moment {
  readonly atMs: number;
  readonly act: Act;
}

/** How the collector is set up. */
export interface CollectorPlan {
  readonly transport: "unix" | "tcp";
  readonly consumer: "sink" | "loop";
  readonly maxStreams: number;
  readonly timeSliceMs: number;
  readonly rotateEveryMs: number;
  readonly stallProbeMs: number;
  readonly bufferBytes: number;
  readonly ownClock: boolean;
  readonly read: Reading;
}

/** How the collectors read logs. "both": the way is another one at every resume, from the engine and from its files in turn. */
export type Reading = "engine" | "files" | "auto" | "both";

export const READINGS: readonly Reading[] = ["engine", "files", "auto", "both"];

export type Driver = "json-file" | "local" | "k8s-file";

/** "real": a Docker. */
export type EngineKind = "fake" | "real" | "podman";

/** The first is taken unless another one is wanted. */
export const DRIVERS: Readonly<Record<EngineKind, readonly [Driver, ...Driver[]]>> = {
  fake: ["json-file"],
  real: ["json-file", "local"],
  podman: ["k8s-file"],
};

/** All that a run does, made from its seed alone. */
export interface Plan {
  readonly seed: number;
  readonly engine: EngineKind;
  /** Only of a real engine: the folder of its programs; undefined: those of the machine. */
  readonly binDirectory: string | undefined;
  /** Only for the fake engine: which one it imitates. */
  readonly since: "per-line" | "first-match";
  /** Only of a real engine: where it keeps its containers' logs. */
  readonly driver: Driver;
  readonly chaosMs: number;
  readonly collector: CollectorPlan;
  readonly containers: readonly ContainerPlan[];
  readonly faults: readonly Fault[];
  readonly moments: readonly Moment[];
}

/** As text, one line for each thing that happens. */
export function shownPlan(plan: Plan): string {
  const { seed, engine, driver, collector, containers, faults, moments, chaosMs } = plan;
  const own = engine === "fake" ? ` (since: ${plan.since})` : ` (${driver})`;
  const happens = [
    ...faults.map(({ atMs, forMs, fault }) => {
      const { kind, ...more } = fault;
      return { atMs, text: `${kind} for ${seconds(forMs)}${details(more)}` };
    }),
    ...moments.map(({ atMs, act }) => {
      const { kind, ...more } = act;
      return { atMs, text: `${kind}${details(more)}` };
    }),
  ].toSorted((a, b) => a.atMs - b.atMs);
  return [
    `Seed ${seed}: ${engine} engine${own}, ${seconds(chaosMs)} of chaos`,
    `  collector:${details(collector)}`,
    `  containers: ${containers.map(({ name, kind }) => `${name} (${kind})`).join(", ")}`,
    ...happens.map(({ atMs, text }) => `  ${seconds(atMs).padStart(7)}  ${text}`),
  ].join("\n");
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function details(more: object): string {
  const shown = Object.entries(more).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return ` ${name}=${text}`;
  });
  return shown.join("");
}
