import { describe, expect, it } from "vitest";
import { EventDecoder } from "../../src/engine/events.ts";

const id = "ab".repeat(32);
const timeNano = 1_795_900_000_123_456_789n;

/** As the engine sends it; a number of that size would lose digits in JSON.stringify. */
function line(event: object): string {
  return `${JSON.stringify(event).slice(0, -1)},"timeNano":${timeNano}}\n`;
}

function decoded(...events: object[]): readonly object[] {
  return new EventDecoder().push(Buffer.from(events.map(line).join("")));
}

const at = 1_795_900_000_123.5;

describe("an engine's events", () => {
  it("tell what happened to a container, and how it is called", () => {
    const actor = { ID: id, Attributes: { name: "web", image: "nginx:1.27" } };
    expect(decoded({ Type: "container", Action: "start", Actor: actor })).toEqual([
      { container: id, name: "web", action: "start", at: expect.closeTo(at, 0) },
    ]);
  });

  it("of a network tell that a container is about to start", () => {
    const actor = { ID: "net", Attributes: { container: id, name: "none", type: "null" } };
    expect(
      decoded(
        { Type: "network", Action: "connect", Actor: actor },
        { Type: "network", Action: "disconnect", Actor: actor },
        { Type: "network", Action: "create", Actor: { ID: "net", Attributes: { name: "n" } } },
      ),
    ).toEqual([{ container: id, name: "", action: "starting", at: expect.closeTo(at, 0) }]);
  });

  it("have one name for each thing, as Docker and Podman say it", () => {
    const actor = { ID: id, Attributes: {} };
    const actions = ["die", "died", "destroy", "remove"].map((Action) => ({
      Type: "container",
      Action,
      Actor: actor,
    }));
    expect(decoded(...actions)).toMatchObject(
      ["die", "die", "destroy", "destroy"].map((action) => ({ action })),
    );
  });

  it.each(['{"toString":1}', "[[1]]", "1e300", "-1", '"soon"', "null"])(
    "say no time where it is %s",
    (time) => {
      const event = `{"Type":"container","Action":"start","Actor":{"ID":"${id}"},"time":${time}}\n`;
      expect(new EventDecoder().push(Buffer.from(event))).toEqual([
        { container: id, name: "", action: "start", at: NaN },
      ]);
    },
  );

  it("of other kinds, and what is none, are passed over", () => {
    const decoder = new EventDecoder();
    const text = `${line({ Type: "image", Action: "pull", Actor: { ID: "x" } })}\n{"Type":\nnull\n[]\n`;
    expect(decoder.push(Buffer.from(text))).toEqual([]);
  });

  it("come whole, however they are cut", () => {
    const bytes = Buffer.from(
      line({ Type: "container", Action: "start", Actor: { ID: id, Attributes: { name: "wéb" } } }),
    );
    for (let cut = 1; cut < bytes.length; cut++) {
      const decoder = new EventDecoder();
      const events = [
        ...decoder.push(bytes.subarray(0, cut)),
        ...decoder.push(bytes.subarray(cut)),
      ];
      expect(events).toMatchObject([{ container: id, name: "wéb" }]);
    }
  });
});
