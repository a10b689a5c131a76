/** What the engine says of a container besides (option `details`): frozen, and part of its `ContainerInfo`. */
export interface ContainerDetails {
  /** "sha256:…" on Docker, 64 hex digits on Podman. */
  readonly imageId: string;
  /** When the container was created: RFC 3339, in UTC. */
  readonly created: string;
  /** Those that it is in, with its addresses there: IPv4 first. A container that does not run has none. */
  readonly networks: readonly ContainerNetwork[];
  /** Those of the allowed variables that it was created with. */
  readonly env: Readonly<Record<string, string>>;
  /** What Docker Compose has noted in its labels. */
  readonly compose: ComposeDetails | undefined;
  /** What Docker Swarm has noted in its labels. */
  readonly swarm: SwarmDetails | undefined;
  readonly engine: EngineDetails;
}

export interface ContainerNetwork {
  readonly name: string;
  readonly addresses: readonly string[];
}

export interface ComposeDetails {
  readonly project: string;
  readonly service: string;
  /** Which of the service's containers, from 1. */
  readonly number: number | undefined;
}

export interface SwarmDetails {
  readonly service: string;
  readonly serviceId: string;
  /** The task's name: "web.2.x8f…". */
  readonly task: string;
  readonly taskId: string;
  readonly nodeId: string;
  /** The stack that the service was deployed with. */
  readonly stack: string | undefined;
}

export interface EngineDetails {
  /** The key in a pool's `engines`, or "default". */
  readonly name: string;
  /** As its answers say: "Docker 28.5.2". */
  readonly product: string;
  /**
   * The engine's own id, from its `/info`: the same over its restarts. Undefined where it makes up another for each answer (Podman), or a proxy
   * forbids the question.
   */
  readonly id: string | undefined;
  /** What the engine calls its host, from its `/info`; undefined as `id`. */
  readonly host: string | undefined;
}
