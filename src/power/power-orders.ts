import { err, ok } from "../std/result.ts";
import { unreachable } from "../std/unreachable.ts";
import {
  type MachineIdentity,
  type PowerControl,
  type PowerResult,
  powerFailure,
  type SwitchOutcome,
} from "./power-control.ts";

/** What an operator may ask of a machine's power. */
export type PowerAction = "on" | "off" | "off-now" | "cycle" | "pxe";

/** Does it, and says in words what was done. */
export function orderPower(
  control: PowerControl,
  machine: MachineIdentity,
  action: PowerAction,
): PowerResult<SwitchOutcome> {
  const ability = action === "pxe" ? "boot-once" : action === "on" ? null : "off";
  if (ability !== null && !control.abilities.has(ability)) {
    const message = `${control.type} cannot do that: ${action}`;
    const hint =
      action === "pxe" && control.type !== "wake-on-lan" ? 'the configuration says `boot = "unchanged"`' : "";
    return Promise.resolve(err(powerFailure("unsupported", message, hint)));
  }
  return control.visit(machine, async (power) => {
    switch (action) {
      case "on":
        return await power.turnOn();
      case "off":
        return await power.turnOff("softly");
      case "off-now":
        return await power.turnOff("hard");
      case "cycle":
        return await power.restart();
      case "pxe": {
        const set = await power.bootFromNetworkOnce();
        return set.ok ? ok({ isSure: true, words: set.value }) : set;
      }
      default:
        return unreachable(action);
    }
  });
}

/** How a machine is brought to its installer. */
export interface InstallStart {
  /**
   * true: an earlier run was interrupted in the very moment in which it switched, so the machine may be on its way
   * already; one that is on is left alone.
   */
  readonly wasInterrupted: boolean;
  /** Asked right before the machine is switched; false: it is not to be switched any more. */
  readonly mayStill: () => Promise<boolean>;
}

/** Chooses the network for the next boot and restarts the machine. null: it was not to be switched any more. */
export function startInstall(
  control: PowerControl,
  machine: MachineIdentity,
  { wasInterrupted, mayStill }: InstallStart,
): PowerResult<SwitchOutcome | null> {
  return control.visit(machine, async (power) => {
    if (wasInterrupted && control.abilities.has("read")) {
      const now = await power.read();
      if (!now.ok) return now;
      if (now.value.state !== "off") {
        const message = "bootqueue was stopped in the moment in which this machine was switched, and it is on";
        return err(
          powerFailure("not-done", message, "it was not switched a second time; `bootqueue power cycle` does that"),
        );
      }
    }
    let chosen = "";
    if (control.abilities.has("boot-once")) {
      const set = await power.bootFromNetworkOnce();
      if (!set.ok) return set;
      chosen = `, ${set.value}`;
    }
    if (!(await mayStill())) return ok(null);
    const done = control.abilities.has("off") ? await power.restart() : await power.turnOn();
    return done.ok ? ok({ ...done.value, words: `${done.value.words}${chosen}` }) : done;
  });
}
