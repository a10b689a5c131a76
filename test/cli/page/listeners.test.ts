import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { Listener, Listeners } from "../../../src/cli/page/listeners.ts";

class FakeResponse extends EventEmitter {
  writableLength = 0;
  readonly destroy = vi.fn<() => void>();
  readonly write = vi.fn<(text: string) => void>();
}

function listener(response: FakeResponse): Listener {
  return new Listener(response as unknown as ServerResponse);
}

describe("a page that takes nothing", () => {
  it("is sent nothing until it has taken what it was sent", () => {
    const response = new FakeResponse();
    const page = listener(response);
    expect(page.hasRoom(0)).toBe(true);
    response.writableLength = 1_000_000;
    expect(page.hasRoom(1_000)).toBe(false);
    response.writableLength = 0;
    expect(page.hasRoom(50_000)).toBe(true);
    expect(response.destroy).not.toHaveBeenCalled();
  });

  it("is dropped after half a minute", () => {
    const response = new FakeResponse();
    const page = listener(response);
    response.writableLength = 1_000_000;
    page.hasRoom(1_000);
    page.hasRoom(30_999);
    expect(response.destroy).not.toHaveBeenCalled();
    page.hasRoom(31_000);
    expect(response.destroy).toHaveBeenCalledOnce();
  });
});

describe("open pages", () => {
  it("are no more than so many, and make room when they close", () => {
    const listeners = new Listeners();
    const responses = Array.from({ length: 16 }, () => new FakeResponse());
    for (const response of responses) listeners.add(response as unknown as ServerResponse);
    expect(listeners.isFull).toBe(true);
    responses[0]?.emit("close");
    expect(listeners.isFull).toBe(false);
    expect(listeners.size).toBe(15);
  });
});
