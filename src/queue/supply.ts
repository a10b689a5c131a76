import type { Supply } from "../delivery/portion.ts";
import type { BatchBuffer } from "./buffer.ts";
import type { Consumer } from "./consumer.ts";

/** One source's lines, for its sinks. */
export function supplyOf(buffer: BatchBuffer, consumer: Consumer): Supply {
  return {
    take: () => {
      const { head } = consumer;
      const isPressing = buffer.isPressing;
      const records = consumer.handBatch();
      if (head === undefined || records === undefined) return undefined;
      return {
        records,
        arrivedAt: head.begunAt,
        isPressing,
        acknowledge: (count) => consumer.acknowledgeNext(count),
      };
    },
    holdsFrom: (time) => consumer.head !== undefined && consumer.head.begunAt <= time,
    available: () => buffer.available(),
    get ended() {
      return buffer.ended;
    },
  };
}
