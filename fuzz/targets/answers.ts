import { meaningOf, parseWord } from "../../src/engine/engine-word.ts";
import { refused } from "../../src/engine/failures.ts";
import { anonymousIdentity, parseIdentity } from "../../src/engine/identity.ts";
import { parseInspection } from "../../src/engine/inspection.ts";
import { parseList } from "../../src/engine/list.ts";
import { LogAnswer } from "../../src/engine/log-answer.ts";
import { isSigned, joiningOf, traitsOf } from "../../src/engine/traits.ts";
import { cutInto, fromSocket, streamInput } from "../reads.ts";
import { hold, same } from "../target.ts";
import type { Target } from "../target.ts";
import { JSON_WORDS } from "./words.ts";

const ID = "0123456789ab".repeat(5).padEnd(64, "0");
const STATUSES = [200, 400, 401, 403, 404, 409, 500, 501, 503];
const unprintable = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

export const answers: Target = {
  name: "answers",
  about:
    "An engine's answer: a list, an inspection, an identity, an error, or what a proxy says in its place. What is read of it has the types that it should have; errors have a code and one printable line.",
  words: [
    ...JSON_WORDS,
    `[{"Id":"${ID}","Names":["/web"],"State":"running","HostConfig":{"NetworkMode":"container:db"}}]`,
    `{"Id":"${ID}","Name":"/web","Config":{"Tty":true,"Image":"web:1","Labels":{"a":"b"}},`,
    '"State":{"Running":true,"Status":"removing","StartedAt":"2026-11-23T15:58:34.885847851Z"},',
    '"HostConfig":{"LogConfig":{"Type":"json-file","Config":{"max-size":"10m"}}},',
    '"cache-disabled":"true"',
    '{"message":"No such container: web"}',
    '{"cause":"no such container","message":"x","response":404}',
    '{"message":"configured logging driver does not support reading"}',
    '{"ID":"ABCD:EFGH","Name":"host","SystemTime":"2026-11-23T15:58:34Z","Containers":1}',
    "5.8.6",
    "Docker/28.5.2 (linux)",
    "<html>",
  ],
  check(input) {
    const { options, seed, bytes } = streamInput(input);
    const text = bytes.toString("utf8");
    const json = parse(text);
    const headers = headersOf(text, options);
    const traits = traitsOf(headers);
    hold(!unprintable.test(traits.name), "an engine's version can't be printed");
    isSigned(headers);
    for (const { id, name, running } of parseList(json) ?? [])
      hold(/^[0-9a-f]+$/.test(id) && typeof name === "string" && typeof running === "boolean", "a");
    const inspection = parseInspection(json, traits, "default");
    if (inspection !== undefined) {
      const { info, maxLogFileBytes } = inspection;
      same("the container", structuredClone(info), info);
      hold(
        Object.values(info.labels).every((one) => typeof one === "string"),
        "a label is no text",
      );
      hold(
        Object.getPrototypeOf(info.labels) === Object.prototype,
        "labels have another prototype",
      );
      hold(maxLogFileBytes === undefined || Number.isFinite(maxLogFileBytes), "an endless file");
      joiningOf(traits, info.logDriver);
    }
    const identity = parseIdentity(json, traits, anonymousIdentity("default", "/socket"));
    hold(!(identity?.id.includes("/") ?? false), "an id has a slash");
    checkError(text, options);
    checkLogAnswer(bytes, options, seed);
  },
};

function checkError(body: string, options: number): void {
  const word = parseWord(body);
  const status = STATUSES[options % STATUSES.length] ?? 500;
  if (word !== undefined) meaningOf(word, status);
  const peer = { address: "/socket", wasReached: (options & 1) === 1, tried: [] };
  for (const about of [undefined, { name: body, logDriver: body }]) {
    const { code, message } = refused(peer, status, body, about);
    hold(/^[A-Z_]+$/.test(code), "an error has no code");
    hold(!unprintable.test(message), "an error can't be printed");
    hold(message.length <= 4_100, "an error has no end");
  }
}

function checkLogAnswer(bytes: Buffer, options: number, seed: number): void {
  const read = (pieces: readonly Buffer[]): unknown => {
    const answer = new LogAnswer((options & 2) !== 0, (options & 4) !== 0);
    let isLog = true;
    fromSocket(pieces, seed, (piece, spans) => {
      isLog = answer.isLog(piece, spans);
    });
    hold(Buffer.byteLength(answer.text) <= 3 * 8 * 1024, "an answer has no end");
    const { isOther, isOtherAsWhole, isWhole, text } = answer;
    return { isLog, isOther, isOtherAsWhole, isWhole, text };
  };
  same("what an answer is", read(cutInto(bytes, seed)), read(bytes.length === 0 ? [] : [bytes]));
}

/** The answer's first line in the place of what engines say of themselves. */
function headersOf(text: string, options: number): Record<string, string> {
  const [first = ""] = text.split("\n", 1);
  return (options & 8) === 0 ? { server: first } : { "libpod-api-version": first };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
