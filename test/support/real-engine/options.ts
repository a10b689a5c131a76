import type { EngineKind } from "./programs.ts";

export interface RealEngineOptions {
  /** Default: "docker". */
  readonly kind?: EngineKind;
  /** Refuses to start where the engine installed is not of this version. */
  readonly version?: string;
  /** Containers live on while the daemon is down. Default: false. */
  readonly liveRestore?: boolean;
  /** An absolute path that does not exist yet; deleted at the end. Default: a new one among the temporary files. */
  readonly directory?: string;
  /** A folder with `dockerd`, `containerd` and so on, or `podman`, of another version, put first in PATH. */
  readonly binDirectory?: string;
  /** With a journal of its own, for the driver `journald`. Podman writes its events there as well then. Default: false. */
  readonly journald?: boolean;
}

/** What another process needs to use an engine; plain data. */
export interface EngineHandle {
  readonly kind: EngineKind;
  readonly directory: string;
  /** What the library is given: the engine's own socket, or that of a proxy before it. */
  readonly socketPath: string;
  readonly ownSocketPath: string;
  readonly pid: number;
}

export interface RunOptions {
  /** Run as `sh -c script`. As process 1 the shell ignores SIGTERM unless it traps it. */
  readonly script?: string;
  /** In place of a script. */
  readonly command?: readonly string[];
  readonly name?: string;
  readonly tty?: boolean;
  /** The log driver. Default: "json-file", with Podman "k8s-file". */
  readonly driver?: string;
  /** The log driver's options. */
  readonly options?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** As `docker run -v` takes them. */
  readonly mounts?: readonly string[];
  /** Without capabilities, and with nothing to write to. */
  readonly isBare?: boolean;
  /** As `docker run -u` takes it. */
  readonly user?: string | undefined;
  /** Removed by the engine when it ends. */
  readonly rm?: boolean;
  /**
   * "none": as with a bridge, the engine makes a network of the container's own before it starts it, which on a small machine
   * takes half of the start. Default: "host", with Podman "none".
   */
  readonly network?: "none" | "host";
}

/** Of Docker. */
export interface EngineInfo {
  readonly NFd: number;
  readonly NGoroutines: number;
  readonly ServerVersion: string;
}
