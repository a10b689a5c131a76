import { DockspoolError, codeOf, isError, messageOf } from "../errors.ts";

/** Errors that no second try mends: permissions, certificates, a peer that speaks no HTTP. */
const permanent =
  /^(EACCES|EPERM|ERR_TLS_.*|CERT_.*|.*SELF_SIGNED.*|UNABLE_TO_.*|HPE_.*|ERR_INVALID_.*|ERR_SSL_.*|ERR_SSH_.*|EPROTO)$/;

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
};

/** No answer came. `tried` names every place that was looked at. */
export function unreachable(
  address: string,
  error: unknown,
  tried: readonly string[] = [],
): DockspoolError {
  if (DockspoolError.is(error)) return error;
  const code = firstCodeOf(error);
  const message = messageOf(error);
  const also = tried.length > 1 ? ` Looked at: ${tried.join(", ")}.` : "";
  if (code.startsWith("HPE_")) {
    return new DockspoolError(
      "ENGINE_RESPONSE",
      `${address} does not answer like a Docker engine: no HTTP (${message}).`,
      { cause: error },
    );
  }
  const reason = advice[code] ?? `${message === "" ? code : message}.`;
  return new DockspoolError(
    "ENGINE_UNREACHABLE",
    `Can't reach the engine at ${address}: ${reason}${also}`,
    {
      cause: error,
      transient: !permanent.test(code),
    },
  );
}

/** Which container a request was about: as the caller knows it, and by its id where that is known. */
export interface About {
  readonly name: string;
  readonly id?: string;
  readonly logDriver?: string;
}

/** An answer came, and it was not the one asked for. */
export function refused(
  address: string,
  status: number,
  body: string,
  about?: About,
): DockspoolError {
  const { message, isDocker } = explain(body);
  const container = about?.name;
  const details = { container: about?.id ?? container };
  if (status === 404 && isDocker && container !== undefined) {
    return new DockspoolError(
      "CONTAINER_NOT_FOUND",
      `There is no container ${JSON.stringify(container)} at ${address}. \`docker ps -a\` lists those that there are.`,
      details,
    );
  }
  if (/multiple IDs found/i.test(message)) {
    return new DockspoolError(
      "CONTAINER_NOT_FOUND",
      `More than one container at ${address} has an id that begins with ${JSON.stringify(container)}. Give more of it.`,
      details,
    );
  }
  if (
    status === 501 ||
    (status === 500 && /not logging output|does not support reading/i.test(body))
  ) {
    return new DockspoolError(
      "LOGS_UNREADABLE",
      `The log of container ${JSON.stringify(container)} can't be read (log driver ${JSON.stringify(about?.logDriver)}): ${message}. Use one that keeps logs: json-file, local or journald.`,
      details,
    );
  }
  if (status === 401 || status === 403) {
    return new DockspoolError(
      "ENGINE_RESPONSE",
      `${address} forbids the request (HTTP ${status}: ${message}). A socket proxy must allow CONTAINERS and EVENTS.`,
      details,
    );
  }
  const transient = status >= 500 || status === 409 || status === 429 || status === 408;
  const doubt = isDocker ? "" : " Is this a Docker engine?";
  return new DockspoolError(
    "ENGINE_RESPONSE",
    `${address} answered HTTP ${status}: ${message}.${doubt}`,
    { ...details, transient },
  );
}

/** An answer with the right status and a body that no Docker engine sends. */
export function notDocker(address: string, body: string): DockspoolError {
  return new DockspoolError(
    "ENGINE_RESPONSE",
    `${address} does not answer like a Docker engine: ${JSON.stringify(body.slice(0, 60))}. Check the address.`,
  );
}

function explain(body: string): { message: string; isDocker: boolean } {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null && "message" in parsed) {
      return { message: String(parsed.message).replace(/\.$/, ""), isDocker: true };
    }
  } catch {
    // Then the body is shown as it is.
  }
  const start = body.trim().slice(0, 100);
  return { message: start === "" ? "no explanation" : JSON.stringify(start), isDocker: false };
}

/** Of several addresses that were tried (an AggregateError), the first one's. */
function firstCodeOf(error: unknown): string {
  const errors: unknown = isError(error) && "errors" in error ? error.errors : undefined;
  return codeOf(Array.isArray(errors) ? errors[0] : error);
}
