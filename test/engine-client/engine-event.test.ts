import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conditionOfEvent } from "../../src/engine/condition.ts";
import { SentEventDecoder, parseEngineEvent } from "../../src/engine/engine-event.ts";

const pulled =
  '{"status":"pull","id":"nginx:1","Type":"image","Action":"pull","Actor":{"ID":"nginx:1","Attributes":{"name":"nginx"}},' +
  '"scope":"local","time":1732377514,"timeNano":1732377514885847851}';

describe("an engine's event", () => {
  it("keeps every digit of its time", () => {
    expect(parseEngineEvent(pulled)).toEqual({
      event: {
        kind: "event",
        type: "image",
        action: "pull",
        actor: { id: "nginx:1", attributes: { name: "nginx" } },
        scope: "local",
        timestamp: "2024-11-23T15:58:34.885847851Z",
      },
      at: 1_732_377_514_885_847_851n,
      key: expect.any(String),
    });
  });

  it("has whole seconds where the engine sends no more", () => {
    const sent = parseEngineEvent('{"status":"start","id":"a","time":1732377514}');
    expect(sent?.event).toMatchObject({
      type: "container",
      action: "start",
      actor: { id: "a", attributes: {} },
      timestamp: "2024-11-23T15:58:34.000000000Z",
    });
  });

  it("is known again by what was sent, and by nothing else", () => {
    const key = parseEngineEvent(pulled)?.key;
    expect(parseEngineEvent(`${pulled} `)?.key).toBe(key);
    expect(parseEngineEvent(pulled.replace("851}", "852}"))?.key).not.toBe(key);
  });

  it("is none where it is something else, and never an error", () => {
    for (const line of ["", " ", "{}", "[]", "null", '{"Action":"pull"}', '{"Action":1,"time":1}'])
      expect(parseEngineEvent(line)).toBeUndefined();
    fc.assert(
      fc.property(fc.json(), fc.string(), (json, text) => {
        parseEngineEvent(json);
        parseEngineEvent(text);
        parseEngineEvent(`{"Action":"x","time":${json},"Actor":${json},"scope":${json}}`);
        parseEngineEvent(`{"Action":"x","timeNano":9999999999999999999}`);
      }),
    );
  });

  it("is read in whatever pieces it comes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), (size) => {
        const bytes = Buffer.from(`${pulled}\n\n${pulled}\n`);
        const decoder = new SentEventDecoder();
        const events = [];
        for (let at = 0; at < bytes.length; at += size)
          events.push(...decoder.push(bytes.subarray(at, at + size)));
        expect(events).toHaveLength(2);
        expect(decoder.rest).toBe("");
      }),
    );
  });
});

describe("what an event tells of a container's condition", () => {
  it("is its exit code, and its health, on Docker and Podman", () => {
    expect(conditionOfEvent("die", { exitCode: "137" })).toEqual({ exitCode: 137 });
    expect(conditionOfEvent("died", { containerExitCode: "2" })).toEqual({ exitCode: 2 });
    expect(conditionOfEvent("health_status: unhealthy", {})).toEqual({ health: "unhealthy" });
    expect(conditionOfEvent("health_status", { health_status: "healthy" })).toEqual({
      health: "healthy",
    });
  });

  it("is nothing where it says something else", () => {
    for (const [action, attributes] of [
      ["start", { exitCode: "1" }],
      ["die", {}],
      ["die", { exitCode: "" }],
      ["die", { exitCode: "x" }],
      ["health_status: running", {}],
      ["health_status", {}],
    ] as const)
      expect(conditionOfEvent(action, attributes)).toEqual({});
  });
});
