// What the page and its server tell each other. It imports nothing: the page's scripts are checked against it as well, and they run
// in a browser.

/** As health tells it. */
type Status = "healthy" | "degraded" | "unhealthy";

/** What is sent, by the event's name. Times are epoch milliseconds of the collector's clock. */
export interface Messages {
  /** First of all. */
  readonly hello: Hello;
  /** Once a second, less often where there are thousands of containers. */
  readonly overview: Overview;
  readonly sample: Sample;
  /** As they come. */
  readonly lines: NewLines;
}

interface Hello {
  /** What is followed. */
  readonly label: string;
  /** How much of the past the charts show. */
  readonly historyMs: number;
  /** The oldest first. */
  readonly samples: readonly Sample[];
}

/** One moment, for the charts. */
export interface Sample {
  readonly at: number;
  /** Lines a second, since the sample before. */
  readonly read: number;
  readonly delivered: number;
  /** Of the container that is furthest behind, in seconds. */
  readonly lag: number;
  /** In the last minute. */
  readonly rotations: number;
  readonly reconnects: number;
  readonly streamsOpen: number;
  readonly streamsWaiting: number;
  readonly streamsMax: number;
  /** Of the process, in bytes. */
  readonly resident: number;
  readonly heap: number;
  /** Read ahead of the consumer, in bytes, and how much that may be. */
  readonly buffer: number;
  readonly bufferLimit: number;
}

/** Worse than health's "unhealthy" and "degraded" alone: "still" says that nothing comes at all. */
type Tone = "healthy" | "degraded" | "unhealthy" | "still";

/** The page's first words. */
export interface Verdict {
  readonly tone: Tone;
  readonly headline: string;
  /** Why, in a sentence. */
  readonly reason: string;
  readonly since: number;
}

export interface Component {
  readonly name: string;
  readonly status: Status;
  readonly detail: string;
  readonly since: number;
}

export interface ContainerRow {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly engine: string;
  readonly phase: string;
  readonly since: number;
  readonly waitsFor: string;
  readonly status: Status;
  /** Health in words. */
  readonly health: string;
  /** Since when it is ill; null where it is well, or was ill for a moment only. */
  readonly illSince: number | null;
  readonly linesPerSecond: number;
  readonly lines: number;
  /** In seconds; null where it is not known. */
  readonly lag: number | null;
}

/** All that is not drawn as a chart. */
export interface Overview {
  readonly at: number;
  readonly verdict: Verdict;
  readonly isReady: boolean;
  readonly components: readonly Component[];
  /** Those that need a look first. */
  readonly containers: readonly ContainerRow[];
  /** How many there are, with those that are not among `containers`. */
  readonly containerCount: number;
  /** So far. */
  readonly lines: number;
  readonly delivered: number;
  readonly gaps: number;
  /** When a line was read last; null before the first one. */
  readonly lastLineAt: number | null;
  /** Now: what a leak would make grow. */
  readonly tasks: number;
  readonly sockets: number;
}

/** Text, never markup. */
export interface ShownLine {
  /** Rises with each line that was taken. */
  readonly number: number;
  readonly timestamp: string;
  readonly container: string;
  readonly name: string;
  readonly stream: "stdout" | "stderr" | "tty";
  /** One that can be shown anywhere: without escape sequences, control characters escaped. */
  readonly text: string;
  /** Characters of the line that `text` leaves out. */
  readonly leftOut: number;
}

export interface NewLines {
  readonly lines: readonly ShownLine[];
  /** Lines that came meanwhile, and that are not shown: there were too many. */
  readonly skipped: number;
}
