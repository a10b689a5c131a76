import { onAbort, unlessAborted } from "../../lifetime/abort.ts";

/** What a COPY is to the client. */
export interface PostgresSubmittable {
  submit(connection: object): void;
}

/** A connection of `pg`'s pool that was taken out of it. */
export interface PostgresClient {
  query(text: string): Promise<unknown>;
  query<T extends PostgresSubmittable>(stream: T): T;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
  /** True: the connection is closed, and the pool makes another one. */
  release(destroy?: boolean): void;
}

/** What is used of a `Pool` of the package `pg`. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
}

/**
 * Does some work on a connection of its own. After a failure, or an abort, the connection is closed, by which the server takes back
 * what was not committed.
 *
 * @throws what the work throws; the signal's reason
 */
export async function withClient(
  pool: PostgresPool,
  signal: AbortSignal,
  work: (client: PostgresClient) => Promise<void>,
): Promise<void> {
  const client = await connected(pool, signal);
  const release = once((destroy: boolean) => {
    client.release(destroy);
    client.removeListener("error", ignore);
  });
  // Between two queries nobody else listens: it would end the process. The next query fails by it.
  client.on("error", ignore);
  const unlink = onAbort(signal, () => release(true));
  try {
    await work(client);
    signal.throwIfAborted();
    release(false);
  } catch (error) {
    release(true);
    signal.throwIfAborted();
    throw error;
  } finally {
    unlink();
  }
}

/** One that comes too late is given back. */
async function connected(pool: PostgresPool, signal: AbortSignal): Promise<PostgresClient> {
  signal.throwIfAborted();
  const connecting = pool.connect();
  try {
    return await unlessAborted(connecting, signal);
  } catch (error) {
    connecting.then((client) => client.release(), ignore);
    throw error;
  }
}

function once<T>(call: (value: T) => void): (value: T) => void {
  let isCalled = false;
  return (value) => {
    if (isCalled) return;
    isCalled = true;
    call(value);
  };
}

function ignore(): void {}
