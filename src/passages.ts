import { findHost, hostChanges, type QueueState, slotOf } from "./queue/state.ts";
import type { Tracer } from "./trace/footprint.ts";

/** Puts every state that a host enters on its timeline. `before`: the state at the start, which is no news. */
export function watchPassages(before: QueueState, tracer: Tracer): (state: QueueState) => void {
  let seen = before;
  return (state) => {
    const changes = hostChanges(seen, state);
    for (const [n, host] of (changes?.set ?? [...state.hosts]).entries()) {
      const was = changes === null ? findHost(seen, host.id) : changes.was[n];
      const last = was?.passages.at(-1);
      // Passages are only ever added, and an old one stays the same object.
      const fresh = last === undefined ? host.passages : host.passages.slice(host.passages.indexOf(last) + 1);
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
