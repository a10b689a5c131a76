/** "tty": the container has a terminal, so both of its streams are one. */
export type FakeStream = "stdout" | "stderr" | "tty";

/** What a container of the fake engine is created with. */
export interface FakeContainerSpec {
  /** Without the leading slash; free again once the container that had it is removed. */
  name: string;
  /** Default "fake:latest". */
  image?: string;
  /** Default none. */
  labels?: Record<string, string>;
  /** True: one raw stream without frames, lines end with "\r\n". Default false. */
  tty?: boolean;
  /**
   * Default "json-file"; with the flavour "podman", "k8s-file", which reports itself as "json-file".
   * Logs of "none", "syslog" and the like cannot be read, as on a real engine.
   */
  logDriver?: string;
  /**
   * "10m", as `docker run --log-opt max-size` has it: what the engine says of its log. Nothing is thrown away but by `truncate`.
   * Default none.
   */
  maxLogSize?: string;
  /** Default true; false: it is created, and runs once `start()` is called. */
  started?: boolean;
  /** The image's id, "sha256:…"; default one of zeros. */
  imageId?: string;
  /** "NAME=value", as `docker run --env` has it. Default none. */
  env?: readonly string[];
  /** Its address in each of its networks, by the network's name; it has them while it runs. Default none. */
  networks?: Record<string, string>;
  /** As a healthcheck has found it; default: it has none. */
  health?: FakeHealth;
  /** What `details=1` puts before each line: what `--log-opt labels`, `env` and `tag` choose. Default none. */
  attributes?: Record<string, string>;
}

export type FakeHealth = "starting" | "healthy" | "unhealthy";

/** Something that happens at the engine, and not to a container. */
export interface FakeEvent {
  /** "image", "network", "volume", "daemon", … */
  type: string;
  /** "pull", "create", … */
  action: string;
  /** Of the image, the network, … */
  id: string;
  /** Default none. */
  attributes?: Record<string, string>;
}

/** How a container stops. */
export interface FakeStop {
  /** Default 0. */
  exitCode?: number;
  /** True: the kernel has killed it for its memory. Default false. */
  oomKilled?: boolean;
}

/** One request that reached the fake engine. */
export interface FakeRequest {
  /** In capitals: "GET". */
  readonly method: string;
  /** As it stood in the request, the query string and a version such as "/v1.44" included. */
  readonly path: string;
}

/** What goes wrong with one request. */
export type Fault =
  /** Answers with this HTTP status and `{"message": message}`; default message: the status in words. */
  | { status: number; message?: string }
  /** Milliseconds until anything is answered; then the answer is the usual one. */
  | { delayMs: number }
  /** Accepts the request and never answers it: the socket stays open until it is cut. */
  | { withholdHeaders: true }
  /** Answers 302 with this `Location`. */
  | { redirect: string }
  /** Destroys the socket after so many bytes of the body, in the middle of a frame if it falls so. */
  | { cutAfterBytes: number }
  /**
   * A log request ends, cleanly, this many frames before the log does, as a lagging follow of Docker 20.10 does. A
   * follow of a running container holds the newest frames back until the stop, and then ends without them.
   */
  | { endEarly: number };

/** One whole line of a container's log, its parts joined. */
export interface FakeLine {
  /** As a log record has it: in UTC, with the digits that the engine sends; that of the line's first part. */
  readonly timestamp: string;
  readonly stream: FakeStream;
  /** Without its line end. */
  readonly line: string;
}

/** How one line is written. */
export interface FakeWriteOptions {
  /** Default "stdout"; without meaning for a container with a terminal. */
  stream?: "stdout" | "stderr";
  /** RFC 3339, up to nanoseconds; default: now, always later than the one before. */
  timestamp?: string;
  /** True: no line end yet; the next write to the same stream continues the line. Default false. */
  partial?: boolean;
}

/** Which engine to imitate. */
export interface FakeEngineOptions {
  /**
   * How `since` of a log request works. "per-line": drops every frame that is earlier (Docker before 23);
   * "first-match": skips up to the first frame that is not earlier (Docker since 23); "exclusive": passes the
   * frames that are later (Podman). Default "first-match", with the flavour "podman" "exclusive".
   */
  since?: "per-line" | "first-match" | "exclusive";
  /** "ns": nanoseconds and "Z" (default); "s": whole seconds; "offset": nanoseconds and "+05:30". */
  timestamps?: "ns" | "s" | "offset";
  /** Default "docker". "per-line" makes it version 20.10.24, otherwise 28.5.2; "podman" is 5.8.6. */
  flavour?: "docker" | "podman";
  /**
   * True: with the flavour "podman" the log of `k8s-file` is read as Podman reads it. A line that was written less than 60 ms ago may
   * be shown half-written, as if it had ended. What is written while a log is opened is missing behind its tail. Follows show
   * every line as it was half-written, leave out most of what was written just before the container stops, and end 250 ms after that.
   * Default false.
   */
  podmanQuirks?: boolean;
  /** By how much its clock is ahead of this machine's, in milliseconds; below 0: behind. Default 0. */
  clockAheadMs?: number;
  /** TCP port on 127.0.0.1, 0 for any; default: a unix socket in a temporary directory of its own. */
  port?: number;
}

/** What is open at the fake engine, seen from its side. */
export interface FakeOpen {
  /** Log requests with `follow=1`, from their arrival until their response or socket has closed. */
  readonly follows: number;
  /** Log requests without, likewise. */
  readonly reads: number;
  /** Connections, idle ones included. */
  readonly sockets: number;
  /** The most `follows` there ever were. */
  readonly maxFollows: number;
  /** The most follows that one container ever had at once. */
  readonly maxFollowsOfOneContainer: number;
}

/** A container of the fake engine. Every call takes effect at once. */
export interface FakeContainer {
  /** 64 hex digits. */
  readonly id: string;
  /** Starts it again, or unpauses it; without effect while it runs. */
  start(): void;
  /**
   * It handles its stop signal, and may go on writing until `stop()`. Podman says `Running: false` meanwhile, and its follows end at
   * once; Docker shows nothing of it. Without effect where it does not run.
   */
  beginStop(): void;
  /** Its follows send what was written and end cleanly. An unfinished line stays unfinished. */
  stop(how?: FakeStop): void;
  /** Its healthcheck has found something else. */
  health(health: FakeHealth): void;
  /** `stop()`, then `start()`. */
  restart(): void;
  /** Pauses it, or unpauses it where it is paused. Its follows stay open. Throws where it does not run. */
  pause(): void;
  /** Throws where the name is in use. */
  rename(name: string): void;
  /** Stops it where it runs; from then on requests for it are answered with 404. */
  remove(): void;
  /**
   * Appends `line` and a line end to its log. More than 16,384 bytes (flavour "podman": 8,192) become several
   * frames, as the engine makes them; each "\n" inside begins another line. Throws once the container is removed.
   */
  write(line: string, options?: FakeWriteOptions): void;
  /** Sends bytes to the open follows as they are, behind the lines written before; they are not kept in the log. */
  writeRaw(bytes: Uint8Array): void;
  /**
   * Drops all but the last `keepLines` lines from what the engine holds, as its log rotation does; 0 drops all.
   * A stream that has not sent the dropped ones yet goes on, without a mark, with the oldest that is left.
   */
  truncate(keepLines: number): void;
  /** Destroys the socket of every open log request of it. */
  cut(): void;
  /** Log streams that are open now stay open and send nothing any more; later ones work. */
  stall(): void;
  /** Every line ever written. An unfinished one is in it once it is finished or the container has stopped. */
  readonly written: readonly FakeLine[];
  /** The lines that the engine still holds. */
  readonly log: readonly FakeLine[];
}
