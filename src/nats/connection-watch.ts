import { PermissionViolationError } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";

/** "lost": what was under way may never be answered; "refused": the server does not allow a subject. */
export type ConnectionEvent =
  | { readonly type: "lost" | "refused" | "closed"; readonly error: Error }
  | { readonly type: "back" };

type Listener = (event: ConnectionEvent) => void;

const watches = new WeakMap<NatsConnection, ConnectionWatch>();

/** What becomes of a connection, for all that use it: a status that is listened to once can't be given back. */
export class ConnectionWatch {
  readonly #listeners = new Set<Listener>();
  #outage: Error | undefined;

  private constructor(connection: NatsConnection) {
    this.#watch(connection).catch(() => {});
  }

  static of(connection: NatsConnection): ConnectionWatch {
    const known = watches.get(connection) ?? new ConnectionWatch(connection);
    watches.set(connection, known);
    return known;
  }

  /** Since the connection is lost, until it is there again. */
  get outage(): Error | undefined {
    return this.#outage;
  }

  /** Returns what unlinks it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === "disconnect")
        this.#lost(new Error(`The connection to NATS at ${status.server} is lost.`));
      if (status.type === "reconnect") {
        this.#outage = undefined;
        this.#tell({ type: "back" });
      }
      if (status.type === "error" && status.error instanceof PermissionViolationError)
        this.#tell({ type: "refused", error: status.error });
    }
    this.#tell({ type: "closed", error: new Error("The connection to NATS is closed.") });
  }

  #lost(error: Error): void {
    this.#outage = error;
    this.#tell({ type: "lost", error });
  }

  #tell(event: ConnectionEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
