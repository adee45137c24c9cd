import { changesBetween, findHost, type QueueState, slotOf } from "./queue/state.ts";
import type { Tracer } from "./trace/footprint.ts";

/** Puts every state that a host enters on its timeline. `before`: the state at the start, which is no news. */
export function watchPassages(before: QueueState, tracer: Tracer): (state: QueueState) => void {
  let seen = before;
  return (state) => {
    for (const host of changesBetween(seen, state)?.hosts.set ?? state.hosts) {
      const last = findHost(seen, host.id)?.passages.at(-1);
      // Passages are only ever added, and an old one stays the same object.
      const fresh = host.passages.slice(last === undefined ? 0 : host.passages.indexOf(last) + 1);
      if (fresh.length === 0) continue;
      const slot = slotOf(state, host);
      const where = slot === undefined ? "" : `, slot ${slot.hostname} ${slot.address}`;
      for (const { state: what, reason } of fresh) {
        tracer.note({ mac: host.bootMac, road: "queue", outcome: "noted", what: `${what}${where}`, why: reason });
      }
    }
    seen = state;
  };
}
