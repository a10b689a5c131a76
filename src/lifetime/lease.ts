/** The right to follow one container, until it is lost or disposed of. */
export interface Lease extends AsyncDisposable {
  /** Rises with each holder. */
  readonly token: number;
  /** Aborts when it is no longer held. */
  readonly lost: AbortSignal;
}

/**
 * Lets one of several pools follow a container: at most one holder a key, by fencing. Work done under a token that is not the newest
 * has no effect. `natsLeases` of `dockspool/nats` are such.
 */
export interface Leases {
  /** What keeps it from being known who holds leases; undefined: nothing. A pool's health tells of it. */
  readonly trouble?: LeaseTrouble | undefined;
  /** Resolves once this owner holds `key`, however long that takes; rejects with the signal's reason. */
  acquire(key: string, signal: AbortSignal): Promise<Lease>;
}

export interface LeaseTrouble {
  /** Epoch milliseconds. */
  readonly since: number;
  /** Of the last attempt. */
  readonly error: unknown;
}
