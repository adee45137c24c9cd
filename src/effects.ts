import type { Joins } from "./joins.ts";
import type { Effect, SwitchPower } from "./queue/effect.ts";
import { unreachable } from "./std/unreachable.ts";

/** Carries out what the queue wants done; what comes of it returns as an event. */
export function createRunEffect(
  joins: Pick<Joins, "start">,
  switchPower: (effect: SwitchPower) => void,
): (effect: Effect) => void {
  return (effect) => {
    switch (effect.type) {
      case "start-join":
        joins.start(effect.host, effect.cluster);
        return;
      case "switch-power":
        switchPower(effect);
        return;
      default:
        unreachable(effect);
    }
  };
}
