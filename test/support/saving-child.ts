// Saves numbered queues as fast as it can, and says each number when its save was acknowledged: `saving-child.ts STATE_FILE`.
import type { Slot } from "../../src/queue/slot.ts";
import type { QueueState } from "../../src/queue/state.ts";
import { systemClock } from "../../src/std/clock.ts";
import { JsonFileStore } from "../../src/store/json-file-store.ts";
import { randomQueue, seeded } from "./random-queue.ts";

const store = new JsonFileStore(process.argv[2] ?? "", systemClock);
const before = await store.load();
const filler = randomQueue(seeded(1), 100);
for (let n = before === null ? 0 : numberOf(before); ; n++) {
  await store.save({ ...filler, slots: [numberedSlot(n), ...filler.slots] });
  process.stdout.write(`${n}\n`);
}

function numberedSlot(n: number): Slot {
  const address = "10.99.0.1";
  const slot = {
    id: address,
    address,
    hostname: "a",
    profile: "p",
    labels: [],
    reservation: null,
    boardSerial: null,
    diskSerials: [],
    declared: true,
  };
  return { ...slot, state: { type: "skipped", since: n, reason: "", conflict: null } } as unknown as Slot;
}

function numberOf(state: QueueState): number {
  const slot = state.slots.at(0)?.state;
  return slot?.type === "skipped" ? slot.since + 1 : 0;
}
