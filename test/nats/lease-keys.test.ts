import { expect, it } from "vitest";
import { LeaseKeys } from "../../src/nats/lease-keys.ts";

it("keys of leases are known while they are held, and the last thousand of those given back", () => {
  const keys = new LeaseKeys();
  const isHeld = (key: string): boolean => key === "engine/held";
  keys.add("engine/held", 1, isHeld);
  for (let number = 0; number < 2_000; number++) keys.add(`engine/${number}`, 1, isHeld);
  expect(keys.of("held")).toBe("engine/held");
  expect(keys.of("999")).toBeUndefined();
  expect(keys.of("1000")).toBe("engine/1000");
  keys.add("other/1000", 1, isHeld);
  expect(keys.of("1000")).toBe("other/1000");
});
