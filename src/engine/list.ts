import { record, string } from "./json.ts";

/** What a list of containers says of one. */
export interface Listed {
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  /** A paused one runs too. */
  readonly running: boolean;
  /** The container whose network it uses, by id or name. */
  readonly networkOf?: string | undefined;
}

const ID = /^[0-9a-f]{12,64}$/;

/** Reads the answer of `/containers/json`; undefined where it is none. */
export function parseList(json: unknown): Listed[] | undefined {
  if (!Array.isArray(json)) return undefined;
  const listed = json.map((container: unknown) => {
    const { Id, Names, State, HostConfig } = record(container);
    const name: unknown = Array.isArray(Names) ? Names[0] : undefined;
    return {
      id: string(Id),
      name: string(name ?? Id).replace(/^\//, ""),
      running: State === "running" || State === "paused",
      networkOf: /^container:(.+)$/.exec(string(record(HostConfig)["NetworkMode"]))?.[1],
    };
  });
  return listed.every(({ id }) => ID.test(id)) ? listed : undefined;
}
