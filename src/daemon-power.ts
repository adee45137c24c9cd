import type { PowerTargets } from "./config/power.ts";
import type { PowerSwitches } from "./http/power-app.ts";
import type { Ipv4Address } from "./net/ipv4-address.ts";
import { openUdp } from "./net/open-udp.ts";
import { BmcTurns } from "./power/bmc-turns.ts";
import { ipmiControl } from "./power/ipmi-control.ts";
import {
  failureWords,
  type MachineIdentity,
  type PowerControl,
  type PowerReading,
  type PowerResult,
  powerFailure,
  type SwitchOutcome,
} from "./power/power-control.ts";
import { orderPower, type PowerAction, startInstall } from "./power/power-orders.ts";
import type { PowerSettings } from "./power/power-settings.ts";
import { systemPowerTime } from "./power/power-time.ts";
import { redfishControl } from "./power/redfish-control.ts";
import { RejectedLogins } from "./power/rejected-logins.ts";
import { runProgram } from "./power/run-program.ts";
import { wakeOnLanControl } from "./power/wake-on-lan.ts";
import type { SwitchPower } from "./queue/effect.ts";
import type { QueueEvent } from "./queue/event.ts";
import type { Host } from "./queue/host.ts";
import type { StepReport } from "./queue/operation.ts";
import { findHost, findSlot, type QueueState } from "./queue/state.ts";
import type { Verdict } from "./queue/step.ts";
import { err, ok } from "./std/result.ts";
import { unreachable } from "./std/unreachable.ts";

/** What the power desk needs of the queue. */
export interface PowerQueue {
  readonly state: QueueState;
  dispatch(event: QueueEvent): Promise<Verdict>;
}

/** Makes the way to a power switch; tests bring their own. */
export type OpenPower = (settings: PowerSettings) => PowerControl;

/** Knows which machine's power is switched how, and switches it: for the operator, and for installs. */
export class PowerDesk {
  readonly #open: OpenPower;
  readonly #stop: AbortController;
  readonly #running = new Set<Promise<unknown>>();
  #targets: PowerTargets;

  constructor(targets: PowerTargets, open: OpenPower, stop: AbortController) {
    this.#targets = targets;
    this.#open = open;
    this.#stop = stop;
  }

  /** After a reload of the configuration. */
  useTargets(targets: PowerTargets): void {
    this.#targets = targets;
  }

  /** null: nobody but a person can switch it. */
  typeOf(state: QueueState, host: Host): PowerControl["type"] | null {
    return this.#targetOf(state, host)?.settings.type ?? null;
  }

  read(state: QueueState, host: Host): PowerResult<PowerReading> {
    return this.#visit(state, host, (control, machine) => control.visit(machine, (power) => power.read()));
  }

  order(state: QueueState, host: Host, action: PowerAction): PowerResult<SwitchOutcome> {
    return this.#visit(state, host, (control, machine) => orderPower(control, machine, action));
  }

  /** Restarts a host for its install, and tells the queue what came of it. Never rejects. */
  async switchForInstall(queue: PowerQueue, effect: SwitchPower): Promise<void> {
    // A save that failed has already stopped the daemon.
    const tell = (event: QueueEvent) => queue.dispatch(event).catch(() => null);
    const { host: id, token, wasInterrupted, isForStuck } = effect;
    const report = (outcome: StepReport["outcome"], text: string) =>
      tell({ type: "step-reported", host: id, token, step: STEP, outcome, text });
    const host = findHost(queue.state, id);
    if (host === undefined) return;
    await report("started", isForStuck ? "it did not come as far as its installer, so it is restarted once" : "");
    const mayStill = async () => {
      const verdict = await tell({ type: "power-switching", host: id, token });
      return verdict !== null && verdict.type !== "refused";
    };
    const done = await this.#visit(queue.state, host, (control, machine) =>
      startInstall(control, machine, { wasInterrupted, mayStill }),
    );
    if (done.ok && done.value === null) {
      await report("skipped", "it came to its installer by itself, or the install was given up");
    } else if (done.ok && done.value !== null) {
      await tell({ type: "power-switched", host: id, token, isSure: done.value.isSure });
      await report("succeeded", done.value.words);
    } else if (!done.ok && done.error.type !== "stopping") {
      await tell({ type: "power-failed", host: id, token });
      await report("failed", `${failureWords(done.error)}. It stays armed: restart it by hand, from the network`);
    }
  }

  /** Gives up what is under way; resolves when every session is closed. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#running);
  }

  async #visit<T>(
    state: QueueState,
    host: Host,
    work: (control: PowerControl, machine: MachineIdentity) => PowerResult<T>,
  ): PowerResult<T> {
    const target = this.#targetOf(state, host);
    if (target === null) {
      const hint = "`power` of its slot, or `[[power.host]]`, says how; see `bootqueue config reference`";
      return err(powerFailure("unsupported", "the configuration does not say how its power is switched", hint));
    }
    const { macs, bootMac, identity, inventory } = host;
    const uuid = host.uuid ?? identity?.uuid ?? null;
    const serial = identity?.serial ?? inventory?.board.serial ?? null;
    const machine = { uuid, serial, macs, bootMac, isNamed: target.isNamed };
    const visit = work(this.#open(target.settings), machine);
    this.#running.add(visit);
    try {
      return await visit;
    } finally {
      this.#running.delete(visit);
    }
  }

  #targetOf(state: QueueState, host: Host): { readonly settings: PowerSettings; readonly isNamed: boolean } | null {
    for (const mac of host.macs) {
      const settings = this.#targets.hosts.get(mac);
      if (settings !== undefined) return { settings, isNamed: true };
    }
    const slot = host.slot === null ? undefined : findSlot(state, host.slot);
    const settings = slot === undefined ? undefined : this.#targets.slots.get(slot.address);
    if (slot === undefined || settings === undefined) return null;
    const { reservation } = slot;
    return { settings, isNamed: reservation?.type === "mac" && host.macs.includes(reservation.mac) };
  }
}

/** The step of an install in which the machine is restarted. */
const STEP = "restart it";

/** The desk as the operator's routes need it. */
export function powerSwitches(desk: PowerDesk, queue: { readonly state: QueueState }): PowerSwitches {
  return {
    typeOf: (host) => desk.typeOf(queue.state, host),
    async read(host) {
      const read = await desk.read(queue.state, host);
      if (!read.ok) return read;
      const { state, health, facts } = read.value;
      return ok({ state, health, facts: facts.map(([name, value]) => ({ name, value })) });
    },
    order: (host, action) => desk.order(queue.state, host, action),
  };
}

/** The real ways, which share what they know of BMCs. `from`: our own address on the boot network. */
export function createPowerDesk(targets: PowerTargets, from: Ipv4Address): PowerDesk {
  const stop = new AbortController();
  const shared = {
    turns: new BmcTurns(),
    rejected: new RejectedLogins(),
    time: systemPowerTime,
    stopping: stop.signal,
  };
  const boots = new Map();
  const open: OpenPower = (settings) => {
    switch (settings.type) {
      case "redfish":
        return redfishControl(settings, { ...shared, boots });
      case "ipmi":
        return ipmiControl(settings, { ...shared, run: runProgram });
      case "wake-on-lan":
        return wakeOnLanControl(settings, { ...shared, from, openUdp });
      default:
        return unreachable(settings);
    }
  };
  return new PowerDesk(targets, open, stop);
}
