import type { Host, HostId } from "../queue/host.ts";
import type { Slot } from "../queue/slot.ts";
import type { QueueState } from "../queue/state.ts";
import type { Problem } from "../std/problem.ts";

/**
 * What cannot be true at the same time, although each part alone is well formed. A file that says so was damaged, or
 * changed by hand; following half of it would give one address to two machines.
 */
export function contradictions(state: QueueState): readonly Problem[] {
  const hosts = new Map(state.hosts.map((host) => [host.id, host]));
  return [
    ...repeats(state.slots.map((slot, n) => ({ path: `slots[${n}].id`, value: slot.id }))),
    ...repeats(state.slots.map((slot, n) => ({ path: `slots[${n}].address`, value: slot.address }))),
    ...repeats(state.hosts.map((host, n) => ({ path: `hosts[${n}].id`, value: host.id }))),
    ...repeats(state.hosts.flatMap((host, n) => host.macs.map((value) => ({ path: `hosts[${n}].macs`, value })))),
    ...state.slots.flatMap((slot, n) => slotProblems(hosts, slot, `slots[${n}]`)),
    ...hostProblems(state),
  ];
}

function repeats(values: readonly { readonly path: string; readonly value: string }[]): readonly Problem[] {
  const seen = new Map<string, string>();
  return values.flatMap(({ path, value }) => {
    const before = seen.get(value);
    seen.set(value, before ?? path);
    return before === undefined
      ? []
      : [{ path, message: `expected each only once, found "${value}" at ${before} too` }];
  });
}

function slotProblems(hosts: ReadonlyMap<HostId, Host>, slot: Slot, path: string): readonly Problem[] {
  const problems: Problem[] = [];
  if ((slot.id as string) !== slot.address) {
    problems.push({ path: `${path}.id`, message: `expected the slot's address ${slot.address}, found "${slot.id}"` });
  }
  if (slot.state.type === "assigned") {
    const { host: id } = slot.state;
    const host = hosts.get(id);
    if (host?.slot !== slot.id) {
      const found = host === undefined ? "no such host" : `that host with ${host.slot ?? "no slot"}`;
      problems.push({ path: `${path}.state.host`, message: `expected host ${id} to have this slot, found ${found}` });
    }
  }
  return problems;
}

function hostProblems(state: QueueState): readonly Problem[] {
  const slots = new Map(state.slots.map((slot) => [slot.id, slot]));
  return state.hosts.flatMap((host: Host, n) => {
    const problems: Problem[] = [];
    if (!host.macs.includes(host.bootMac)) {
      problems.push({ path: `hosts[${n}].bootMac`, message: `expected one of its macs, found ${host.bootMac}` });
    }
    const slot = host.slot === null ? null : slots.get(host.slot);
    if (slot !== null && !(slot?.state.type === "assigned" && slot.state.host === host.id)) {
      const found = slot === undefined ? "no such slot" : `it ${slot.state.type}`;
      problems.push({
        path: `hosts[${n}].slot`,
        message: `expected ${host.slot} to be assigned to it, found ${found}`,
      });
    }
    return problems;
  });
}
