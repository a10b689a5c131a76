/** A Docker Engine in the process, for the tests of programs that read containers' logs; and tests for checkpoint stores. */
export { checkpointStoreTests } from "./testing/checkpoint-store-tests.ts";
export type {
  CheckpointStoreTest,
  CheckpointStoreTestOptions,
} from "./testing/checkpoint-store-tests.ts";
export { FakeEngine } from "./testing/fake-engine.ts";
export type {
  FakeContainer,
  FakeContainerSpec,
  FakeEngineOptions,
  FakeEvent,
  FakeHealth,
  FakeLine,
  FakeOpen,
  FakeRequest,
  FakeStop,
  FakeStream,
  FakeWriteOptions,
  Fault,
} from "./testing/types.ts";
