import type { Host } from "../queue/host.ts";
import { isUnderWay } from "../queue/rebuild-set.ts";
import { REFUSALS } from "../queue/refusal.ts";
import { findHost, hostOf, type QueueState, slotOf } from "../queue/state.ts";
import { formatInstant } from "../std/clock.ts";
import { ok, type Result } from "../std/result.ts";
import type { RebuildPlanRow, RebuildsView } from "./contract.ts";
import { resolveHost, type UnresolvedName } from "./operator-references.ts";
import { hostView } from "./operator-view.ts";

/** Whom a rebuild of several is about; several conditions add up. */
export interface RebuildSelection {
  readonly all: boolean;
  readonly labels: readonly string[];
  /** As people write them. */
  readonly hosts: readonly string[];
}

/** Every host that was meant, once, in the order of the slots. The error is the first name that means nobody. */
export function rebuildPlan(
  state: QueueState,
  { all, labels, hosts }: RebuildSelection,
): Result<readonly RebuildPlanRow[], UnresolvedName> {
  const named = new Set<Host>();
  for (const name of hosts) {
    const host = resolveHost(state, name);
    if (!host.ok) return host;
    named.add(host.value);
  }
  const inOrder = state.slots.flatMap((slot) => {
    const host = hostOf(state, slot);
    if (host === undefined) return [];
    return all || named.delete(host) || labels.some((label) => slot.labels.includes(label)) ? [host] : [];
  });
  return ok([...inOrder, ...named].map((host) => planRow(state, host)));
}

/** The labels of all slots, for a message about one that nobody has. */
export function labelsThereAre(state: QueueState): readonly string[] {
  return [...new Set(state.slots.flatMap((slot) => slot.labels))].sort();
}

function planRow(state: QueueState, host: Host): RebuildPlanRow {
  const { type } = host.state;
  const isBusy = type === "pxe_booted" || type === "installing" || type === "joining";
  return {
    host: hostView(state, host),
    disks: host.inventory?.disks.map(({ device, model, serial }) => ({ device, model, serial })) ?? null,
    hindrance: isBusy ? REFUSALS["install-under-way"] : "",
  };
}

/** Without the tokens that wait in it. */
export function rebuildsView(state: QueueState): RebuildsView {
  const { rebuilds } = state;
  if (rebuilds === null) return { rebuilds: null };
  return {
    rebuilds: {
      startedAt: formatInstant(rebuilds.startedAt),
      parallel: rebuilds.parallel,
      keepGoing: rebuilds.keepGoing,
      stopped: rebuilds.stopped,
      underWay: isUnderWay(rebuilds),
      members: rebuilds.members.map(({ host: id, state: member }) => {
        const host = findHost(state, id);
        const name = host === undefined ? id : (slotOf(state, host)?.hostname ?? id);
        const reason = "reason" in member ? member.reason : "";
        return { host: id, name, state: member.type, hostState: host?.state.type ?? null, reason };
      }),
    },
  };
}
