import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrameDecoder } from "../../src/wire/frames.ts";
import { STAMP, arbitraryCuts, chunked, decode, frame } from "./bytes.ts";

const text = fc.oneof(
  fc.constantFrom(
    "",
    "\n",
    "line\n",
    "no end",
    "a\rb\r\n",
    "\u0000\u0001\u0002\n",
    "\u0003\u0000\u0000\u0000",
  ),
  fc.integer({ min: 0, max: 140_000 }).map((size) => `${"y".repeat(size)}\n`),
);
const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), text), { maxLength: 12 });

function encode(list: readonly (readonly [number, string])[]): Buffer {
  return Buffer.concat(
    list.map(([type, line]) => frame(type, Buffer.from(`${STAMP} ${line}`, "latin1"))),
  );
}

describe("the frame decoder", () => {
  it("gives the same entries whatever the chunking", () => {
    fc.assert(
      fc.property(frames, arbitraryCuts, (list, cuts) => {
        const bytes = encode(list);
        const decoder = new FrameDecoder();
        expect(decode(decoder, chunked(bytes, cuts))).toEqual(decode(new FrameDecoder(), [bytes]));
        expect(decoder.fault).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });

  it("gives every frame's text under its stream and timestamp, long ones in pieces", () => {
    fc.assert(
      fc.property(frames, (list) => {
        const joined: [string, string][] = [];
        let open = "";
        for (const { stream, timestamp, text: piece, ended } of decode(new FrameDecoder(), [
          encode(list),
        ])) {
          expect(timestamp).toBe(STAMP);
          open += piece;
          joined.push([stream, ended ? `${open}\n` : open]);
          open = "";
        }
        const whole = joined.map(([, line]) => line).join("");
        expect(whole).toBe(list.map(([, line]) => line).join(""));
        expect(new Set(joined.map(([stream]) => stream))).toEqual(
          new Set(list.map(([type]) => (type === 2 ? "stderr" : "stdout"))),
        );
      }),
      { numRuns: 100 },
    );
  });

  it("cuts a frame of more than 64 KiB into pieces, of which only the last one has the end", () => {
    const [first, ...rest] = decode(new FrameDecoder(), [
      frame(2, `${STAMP} ${"z".repeat(200_000)}\n`),
    ]);
    expect(first?.ended).toBe(false);
    expect(rest.at(-1)?.ended).toBe(true);
    expect([first, ...rest].every((entry) => entry?.stream === "stderr")).toBe(true);
    expect([first, ...rest].map((entry) => entry?.text).join("")).toBe("z".repeat(200_000));
  });

  it("takes frames of type 0 for stdout, as clients of the engine do", () => {
    expect(decode(new FrameDecoder(), [frame(0, `${STAMP} in\n`)])[0]?.stream).toBe("stdout");
  });

  it("keeps a frame that was cut off to itself", () => {
    const whole = frame(1, `${STAMP} whole\n`);
    for (const size of [1, 7, 8, 20, whole.length - 1]) {
      const decoder = new FrameDecoder();
      expect(
        decode(decoder, [whole, whole.subarray(0, size)]).map(({ text: line }) => line),
      ).toEqual(["whole"]);
      expect(decoder.fault).toBeUndefined();
    }
  });
});

describe("a timestamp that is shorter than Docker's", () => {
  // Podman stamps whole seconds (4.3, 5.4) or microseconds (with journald).
  it.each([
    ["2026-11-23T15:58:34Z", "123456789 goes on\n"],
    ["2026-11-23T15:58:34Z", "12345678Z goes on\n"],
    ["2026-11-23T15:58:34.885Z", "helloZ goes on\n"],
    ["2026-11-23T15:58:34.885847Z", "no goes on\n"],
    ["2026-11-23T15:58:34.885847Z", "aZ goes on\n"],
    ["2026-11-23T15:58:34.8858478Z", "Z goes on\n"],
  ])("%s ends at its own end, whatever %j has where others end", (stamp, line) => {
    const usual = frame(2, `${STAMP} usual\n`);
    const bytes = Buffer.concat([usual, frame(1, `${stamp} ${line}`), usual]);
    const decoder = new FrameDecoder();
    const entries = decode(decoder, [bytes]);
    expect(decoder.fault).toBeUndefined();
    expect(entries).toEqual([
      { stream: "stderr", timestamp: STAMP, text: "usual", ended: true },
      { stream: "stdout", timestamp: stamp, text: line.trimEnd(), ended: true },
      { stream: "stderr", timestamp: STAMP, text: "usual", ended: true },
    ]);
  });
});

describe("what is no log stream is a fault", () => {
  it.each([
    ["a frame of 0 bytes", frame(1, "")],
    ["a frame without a timestamp", frame(1, "hello world\n")],
    ["a timestamp without a text", frame(1, STAMP)],
    ["an impossible time", frame(1, "2026-13-45T99:00:00Z x\n")],
    ["a type that does not exist", frame(4, `${STAMP} x\n`)],
    ["bytes other than 0 behind the type", Buffer.from([1, 0, 9, 0, 0, 0, 0, 1, 65])],
    ["text", Buffer.from("HTTP/1.1 200 OK\r\n")],
    ["a page", Buffer.from("<html><body>hello</body></html>")],
  ])("%s", (_, bytes) => {
    fc.assert(
      fc.property(arbitraryCuts, (cuts) => {
        const decoder = new FrameDecoder();
        const good = frame(1, `${STAMP} good\n`);
        const entries = decode(decoder, chunked(Buffer.concat([good, bytes, good]), cuts));
        expect(decoder.fault?.kind).toBe("protocol");
        expect(entries.map(({ text: line }) => line)).toEqual(["good"]);
      }),
      { numRuns: 40 },
    );
  });

  it("does not wait for the rest of a frame whose first byte is wrong", () => {
    const decoder = new FrameDecoder();
    decoder.push(Buffer.from("<"));
    expect(decoder.fault?.kind).toBe("protocol");
  });
});

describe("a frame of type 3", () => {
  it("is the engine's error message, after the lines before it, and nothing follows", () => {
    fc.assert(
      fc.property(arbitraryCuts, (cuts) => {
        const decoder = new FrameDecoder();
        const line = frame(1, `${STAMP} line\n`);
        const error = frame(3, "Error grabbing logs: unexpected EOF\n");
        const entries = decode(decoder, chunked(Buffer.concat([line, error, line]), cuts));
        expect(entries.map(({ text: own }) => own)).toEqual(["line"]);
        expect(decoder.fault).toEqual({
          kind: "engine-error",
          message: "Error grabbing logs: unexpected EOF",
        });
      }),
      { numRuns: 60 },
    );
  });
});
