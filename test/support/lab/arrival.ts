import type { Appliance } from "./appliance.ts";
import type { Journey } from "./journey.ts";
import type { Machine } from "./machine.ts";
import { patiently } from "./patience.ts";

/** Until its host is in this state; an installer that stopped is the end of the wait. */
export async function arrival(appliance: Appliance, machine: Machine, state: string): Promise<void> {
  await patiently(
    `machine ${machine.number} to be ${state}`,
    async () => {
      const [stopped] = machine.console.lines(/^standin: STOPPED/);
      if (stopped !== undefined) throw new Error(stopped);
      return (await appliance.hostOf(machine.macs[0]))?.state === state;
    },
    () => machine.console.tail(10).join("\n"),
  );
}

/** Until all are over; one that is lost is the end of the wait. */
export async function arrivalOfAll(appliance: Appliance, journeys: readonly Journey[]): Promise<void> {
  await patiently(
    "all to arrive",
    async () => {
      for (const journey of journeys) {
        await journey.look(appliance);
        if (journey.isLost) throw new Error(journey.brokenLink);
      }
      return journeys.every((journey) => journey.isOver);
    },
    () => journeys.map((journey) => journey.brokenLink).join("\n"),
  );
}

/** Switches it on, and waits until a slot is held for it: so that the next one gets the next. */
export async function powerOnIntoSlot(appliance: Appliance, machine: Machine): Promise<void> {
  machine.powerOn();
  await patiently("its slot", async () => (await appliance.slots()).some(({ holder }) => holder === machine.macs[0]));
}
