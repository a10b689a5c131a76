/** @typedef {import("../messages.ts").Messages} Messages */

/**
 * @typedef {{ readonly type: "connecting" }
 *   | { readonly type: "open" }
 *   | { readonly type: "lost", readonly since: number }} ConnectionState
 */

/** @typedef {{ readonly [Name in keyof Messages]: (message: Messages[Name]) => void }} Receivers */

/** Something comes every few seconds at the latest; a connection that is silent for so long is none. */
const SILENT_MS = 10_000;
const LOOK_MS = 1_000;
const RETRY_MS = { first: 1_000, longest: 10_000 };

/** The events of the collector, asked for again whenever they end. */
export class Connection {
  /** @type {Receivers} */
  #receivers;
  /** @type {(state: ConnectionState) => void} */
  #changed;
  /** @type {ConnectionState} */
  #state = { type: "connecting" };
  /** @type {EventSource | undefined} */
  #events;
  #retryMs = RETRY_MS.first;
  #heardAt = 0;

  /**
   * @param {Receivers} receivers
   * @param {(state: ConnectionState) => void} changed
   */
  constructor(receivers, changed) {
    this.#receivers = receivers;
    this.#changed = changed;
  }

  /** For as long as the page is there. */
  open() {
    this.#open();
    setInterval(() => {
      if (this.#events !== undefined && performance.now() - this.#heardAt > SILENT_MS) this.#lose();
    }, LOOK_MS);
  }

  #open() {
    const events = new EventSource("events");
    this.#events = events;
    this.#heardAt = performance.now();
    events.addEventListener("error", () => this.#lose());
    this.#on(events, "hello", (hello) => {
      this.#retryMs = RETRY_MS.first;
      this.#receivers.hello(hello);
      this.#become({ type: "open" });
    });
    this.#on(events, "overview", this.#receivers.overview);
    this.#on(events, "sample", this.#receivers.sample);
    this.#on(events, "lines", this.#receivers.lines);
  }

  /**
   * @template {keyof Messages} Name
   * @param {EventSource} events
   * @param {Name} name
   * @param {(message: Messages[Name]) => void} receive
   */
  #on(events, name, receive) {
    events.addEventListener(name, (event) => {
      this.#heardAt = performance.now();
      /** @type {unknown} */
      const data = event.data;
      /** @type {unknown} */
      const message = typeof data === "string" ? JSON.parse(data) : undefined;
      if (isMessage(name, message)) receive(message);
    });
  }

  #lose() {
    this.#events?.close();
    this.#events = undefined;
    if (this.#state.type !== "lost") this.#become({ type: "lost", since: Date.now() });
    setTimeout(() => this.#open(), this.#retryMs);
    this.#retryMs = Math.min(RETRY_MS.longest, this.#retryMs * 1.5);
  }

  /** @param {ConnectionState} state */
  #become(state) {
    this.#state = state;
    this.#changed(state);
  }
}

/**
 * The server is of the same build: it sends under a name what belongs there.
 *
 * @template {keyof Messages} Name
 * @param {Name} _name
 * @param {unknown} message
 * @returns {message is Messages[Name]}
 */
function isMessage(_name, message) {
  return typeof message === "object" && message !== null;
}
