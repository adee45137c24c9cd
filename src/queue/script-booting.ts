import type { Instant } from "../std/clock.ts";
import { BEYOND_INSTALLING, type Host, type HostId } from "./host.ts";
import { answerFetched, asInstalled, scriptFetched } from "./installing.ts";
import type { QueueRules } from "./rules.ts";
import { findHost, type QueueState } from "./state.ts";
import { entered, moved, refused, type Step, unchanged, withHost } from "./step.ts";

/**
 * What a boot script brings that no answer file follows. `install`: what it boots wipes the disk, so the script itself is
 * the point of no return. `live`: it installs nothing; `boots`: how often until the host goes on to its disk, null: always.
 */
export type ScriptMeaning = { readonly type: "install" } | { readonly type: "live"; readonly boots: number | null };

/**
 * The host fetches a script that decides by itself. GRUB asks for its script more than once in one boot; that counts as
 * one, because no machine gets through its firmware again in so short a time.
 */
export function scriptBooted(
  state: QueueState,
  event: { readonly host: HostId; readonly meaning: ScriptMeaning },
  now: Instant,
  rules: QueueRules,
): Step {
  const host = findHost(state, event.host);
  if (!host) return refused(state, "unknown-host");
  const isRepeat = now - host.state.since < SAME_BOOT_MS;
  if (event.meaning.type === "live" && BEYOND_INSTALLING.has(host.state.type))
    return bootedAgain(state, host, event.meaning.boots, isRepeat, now);
  if (host.state.type === "installing" && isRepeat && host.hold === null) return unchanged(state);
  const fetched = scriptFetched(state, event, now, rules);
  if (fetched.verdict.type === "refused") return fetched;
  const begun = answerFetched(fetched.state, { host: host.id, macs: [host.bootMac], uuid: null }, now, rules);
  if (begun.verdict.type === "refused" || event.meaning.type === "install") return begun;
  const installing = findHost(begun.state, host.id);
  if (installing === undefined) return begun;
  const installed = asInstalled(installing, now, rules, LIVE, "it boots, and nothing is installed");
  return moved(withHost(begun.state, entered(installed, { type: "ready", since: now })));
}

/** true: a host that is ready boots once more from the network, as its profile says. */
export function stillBoots({ state, attempt }: Host, meaning: ScriptMeaning | null): boolean {
  if (meaning?.type !== "live" || state.type !== "ready" || attempt === null) return false;
  return meaning.boots === null || attempt.answers < meaning.boots;
}

function bootedAgain(state: QueueState, host: Host, boots: number | null, isRepeat: boolean, now: Instant): Step {
  if (host.hold !== null) return refused(state, "held-for-approval");
  const { attempt } = host;
  if (host.state.type !== "ready" || attempt === null) return refused(state, "already-installed");
  if (boots === null || isRepeat) return unchanged(state);
  if (attempt.answers >= boots) return refused(state, "already-installed");
  const counted = {
    ...host,
    attempt: { ...attempt, answers: attempt.answers + 1 },
    state: { ...host.state, since: now },
  };
  return moved(withHost(state, counted));
}

const SAME_BOOT_MS = 20_000;

/** Neither first boot nor cluster: nothing was installed that could call. */
const LIVE = { firstBoot: false, cluster: null } as const;
