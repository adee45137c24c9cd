import type { Effect, SwitchPower } from "./queue/effect.ts";
import type { QueueEvent } from "./queue/event.ts";
import { unreachable } from "./std/unreachable.ts";

/** Carries out what the queue wants done; what comes of it returns as an event. */
export function createRunEffect(
  dispatch: (event: QueueEvent) => void,
  switchPower: (effect: SwitchPower) => void,
): (effect: Effect) => void {
  return (effect) => {
    switch (effect.type) {
      case "start-join":
        // No profile can name a cluster yet, so this is reached only by a state file of a later version.
        dispatch({ type: "join-failed", host: effect.host, reason: "this version cannot join hosts to a cluster" });
        return;
      case "switch-power":
        switchPower(effect);
        return;
      default:
        unreachable(effect);
    }
  };
}
