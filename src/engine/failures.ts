import { DockspoolError, asSentence, codeOf, fieldOf, messageOf } from "../errors.ts";
import { printable } from "../printable.ts";
import { meaningOf, parseWord } from "./engine-word.ts";
import { quoted } from "./quoted.ts";
import { tlsReason } from "./tls-failures.ts";

/**
 * Errors that no second try mends where the engine was never reached: permissions, certificates, a peer that speaks no HTTP. Where
 * it was, an engine makes its socket anew, a certificate is replaced, a proxy starts.
 */
const permanent =
  /^(EACCES|EPERM|ERR_TLS_.*|CERT_.*|.*SELF_SIGNED.*|UNABLE_TO_.*|HPE_.*|ERR_INVALID_.*|ERR_SSL_.*|ERR_OSSL_.*|ERR_SSH_.*|EPROTO|ENOTSOCK|(ERR_)?MODULE_NOT_FOUND)$/;

const NOT_INSTALLED = "docker-modem is not installed there. A bundle needs it beside itself.";

/** What to do about it, by the error's code. */
const advice: Readonly<Record<string, string>> = {
  ENOENT:
    "there is no such socket. Is the engine running? Set DOCKER_HOST or the `engine` option to where it listens.",
  ECONNREFUSED: "nothing listens there. Is the engine running?",
  EACCES:
    "no permission on the socket. Run as root, or as a member of the group that owns it (usually `docker`).",
  EPERM:
    "no permission on the socket. Run as root, or as a member of the group that owns it (usually `docker`).",
  ENOTSOCK: "that is not a socket.",
  ENOTFOUND: "the host name is not known.",
  ECONNRESET: "the connection was cut.",
  EPIPE: "the connection was cut.",
  ETIMEDOUT: "no answer.",
  ERR_MODULE_NOT_FOUND: NOT_INSTALLED,
  MODULE_NOT_FOUND: NOT_INSTALLED,
};

/** The code of the error of an answer that goes on as something else than HTTP (101). */
export const SWITCHED_PROTOCOLS = "HPE_SWITCHED_PROTOCOLS";
/** Node's, where a response's head is longer than it takes (16 KiB). */
const HEADER_OVERFLOW = "HPE_HEADER_OVERFLOW";

/** Characters of what a peer says, or is called. */
const MAX_WORDS = 200;

/** The peer that was asked. */
export interface Peer {
  readonly address: string;
  /** It has answered as an engine does before; what goes wrong since then may pass. */
  readonly wasReached: boolean;
  /** Every place that was looked at for it. */
  readonly tried: readonly string[];
}

/** Which container a request was about: as the caller knows it, and by its id where that is known. */
export interface About {
  readonly name: string;
  readonly id?: string;
  readonly logDriver?: string;
}

/** The cause of the error of an answer with another status than the one asked for. */
class HttpStatusError extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`HTTP ${status}`);
    this.name = "HttpStatusError";
    this.status = status;
  }
}

/** … since a record of the log that was asked for can't be read. */
class DamagedLogError extends HttpStatusError {}

/** No answer came. */
export function unreachable({ address, wasReached, tried }: Peer, error: unknown): DockspoolError {
  if (DockspoolError.is(error)) return wasReached ? passing(error) : error;
  const code = firstCodeOf(error);
  const message = messageOf(error);
  if (code.startsWith("HPE_")) {
    const what =
      code === HEADER_OVERFLOW ? "its header has no end" : `no HTTP (${message.slice(0, 200)})`;
    return new DockspoolError(
      "ENGINE_RESPONSE",
      `${address} does not answer like a Docker engine: ${what}.`,
      { cause: error, transient: wasReached || code === SWITCHED_PROTOCOLS },
    );
  }
  const also = tried.length > 1 ? ` Looked at: ${tried.join(", ")}.` : "";
  const reason = advice[code] ?? asSentence(tlsReason(code, message) ?? message);
  return new DockspoolError(
    "ENGINE_UNREACHABLE",
    `Can't reach the engine at ${address}: ${reason}${also}`,
    { cause: error, transient: wasReached || !permanent.test(code) },
  );
}

/** Settings that were good once are only read at a bad moment: certificates that are being replaced. */
function passing(error: DockspoolError): DockspoolError {
  if (error.code !== "INVALID_OPTION") return error;
  return new DockspoolError("ENGINE_UNREACHABLE", error.message, { cause: error, transient: true });
}

/** An answer came, and it was not the one asked for. */
export function refused(peer: Peer, status: number, body: string, about?: About): DockspoolError {
  const { address, wasReached } = peer;
  const word = parseWord(body);
  const meaning = word && meaningOf(word, status);
  const message = word === undefined ? unexplained(body) : printable(word.message, MAX_WORDS);
  const name = quoted(about?.name ?? "", MAX_WORDS);
  const StatusError = meaning === "damaged log" ? DamagedLogError : HttpStatusError;
  const details = { container: about?.id ?? about?.name, cause: new StatusError(status) };
  switch (about === undefined ? undefined : meaning) {
    case "gone":
      return new DockspoolError(
        "CONTAINER_NOT_FOUND",
        `There is no container ${name} at ${address}. \`docker ps -a\` lists those that there are.`,
        details,
      );
    case "ambiguous":
      return new DockspoolError(
        "CONTAINER_NOT_FOUND",
        `More than one container at ${address} has an id that begins with ${name}. Give more of it.`,
        details,
      );
    case "unreadable":
      return new DockspoolError(
        "LOGS_UNREADABLE",
        `The log of container ${name} can't be read (log driver ${quoted(about?.logDriver ?? "", MAX_WORDS)}): ${asSentence(message)} Use one that keeps logs: json-file, local or journald.`,
        details,
      );
    case "being removed":
      return new DockspoolError("ENGINE_RESPONSE", `Container ${name} is being removed.`, {
        ...details,
        transient: true,
      });
    case "damaged log":
    case undefined:
  }
  if (status === 401 || status === 403) {
    return new DockspoolError(
      "ENGINE_RESPONSE",
      `${address} forbids the request (HTTP ${status}: ${message}). A socket proxy must allow CONTAINERS and EVENTS.`,
      { ...details, transient: wasReached },
    );
  }
  const isBusy = status >= 500 || status === 409 || status === 429 || status === 408;
  const doubt = word === undefined ? " Is this a Docker engine?" : "";
  return new DockspoolError(
    "ENGINE_RESPONSE",
    `${address} answered HTTP ${status}: ${asSentence(message)}${doubt}`,
    { ...details, transient: wasReached || isBusy },
  );
}

/** An answer with the right status and a body that no Docker engine sends. */
export function notDocker({ address, wasReached }: Peer, body: string): DockspoolError {
  return new DockspoolError(
    "ENGINE_RESPONSE",
    `${address} does not answer like a Docker engine: ${quoted(body, 60)}. Check the address.`,
    { cause: new HttpStatusError(200), transient: wasReached },
  );
}

export function tooLong({ address }: Peer, path: string, maxBytes: number): DockspoolError {
  return new DockspoolError(
    "ENGINE_RESPONSE",
    `${address} answered ${path} with more than ${maxBytes} bytes. Is this a Docker engine?`,
    { transient: true },
  );
}

/** An engine, or a proxy, refuses to answer that question, whatever it is asked otherwise. */
export function isRefusal(error: unknown): boolean {
  if (!DockspoolError.is(error, "ENGINE_RESPONSE")) return false;
  if (!(error.cause instanceof HttpStatusError)) return false;
  const { status } = error.cause;
  return status === 501 || (status < 500 && status !== 408 && status !== 409 && status !== 429);
}

/** A log can't be shown as it was asked for, since there is damage in it. */
export function isRefusedForDamage(error: unknown): boolean {
  return DockspoolError.is(error, "ENGINE_RESPONSE") && error.cause instanceof DamagedLogError;
}

function unexplained(body: string): string {
  const start = body.trim();
  return start === "" ? "no explanation" : quoted(start, 100);
}

/** Of several addresses that were tried (an AggregateError), the first one's. */
function firstCodeOf(error: unknown): string {
  const errors = fieldOf(error, "errors");
  return codeOf(Array.isArray(errors) ? errors[0] : error);
}
