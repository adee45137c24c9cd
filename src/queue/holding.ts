import { type Instant, later } from "../std/clock.ts";
import type { Host } from "./host.ts";
import { type Identity, identityWords, knownIdentity } from "./identity.ts";
import type { QueueRules } from "./rules.ts";
import { findHostByUuid, type QueueState } from "./state.ts";
import { entered, moved, refused, type Step, unchanged, withHost } from "./step.ts";

/**
 * What asks in the name of an armed host is another machine than the one that was installed under it. Nothing is served
 * until the operator has decided; he gets the time that he also has to switch on what he armed.
 */
export function heldForApproval(state: QueueState, host: Host, seen: Identity, now: Instant, rules: QueueRules): Step {
  if (host.hold !== null && JSON.stringify(host.hold.seen) === JSON.stringify(seen)) {
    return refused(state, "held-for-approval");
  }
  const hold = { since: now, was: knownIdentity(host), seen };
  const why = `held for approval: ${identityWords(hold)}`;
  const deadline = later(now, rules.limitMs.armed);
  // An install that runs goes on, and may report: the stranger gets nothing, that is all.
  const next =
    host.state.type === "installing"
      ? host.state
      : ({ type: "pxe_ready", since: now, deadline, requested: false } as const);
  const waiting = withHost(state, { ...entered(host, next, why), hold });
  return { ...moved(waiting), verdict: { type: "refused", reason: "held-for-approval" } };
}

/** Exactly what asked is let through, for this install. From here on its UUID is the host's. */
export function holdApproved(state: QueueState, host: Host): Step {
  const { hold, attempt } = host;
  if (attempt === null) return refused(state, "not-in-this-state");
  if (hold === null) return attempt.approved === null ? refused(state, "not-in-this-state") : unchanged(state);
  const { seen } = hold;
  const other = seen.uuid === null ? undefined : findHostByUuid(state, seen.uuid);
  if (other !== undefined && other.id !== host.id) return refused(state, "identity-conflict");
  const approved = { ...host, uuid: seen.uuid ?? host.uuid, hold: null, attempt: { ...attempt, approved: seen } };
  return moved(withHost(state, approved));
}
