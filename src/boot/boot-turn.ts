import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import { EMPTY_INVENTORY } from "../profiles/simple-report.ts";
import type { QueueEvent } from "../queue/event.ts";
import type { AttemptToken, Host } from "../queue/host.ts";
import { REFUSALS, type Refusal } from "../queue/refusal.ts";
import type { QueueRules } from "../queue/rules.ts";
import { type ScriptMeaning, stillBoots } from "../queue/script-booting.ts";
import { findHost, findHostByMac, type QueueState, slotOf } from "../queue/state.ts";
import type { Verdict } from "../queue/step.ts";
import { formatProblem } from "../std/problem.ts";
import { dhcpModeOf, hasOnlyOurAddresses, IGNORED, type StandardMode } from "./dhcp-mode.ts";
import { type Installation, type InstallSite, installationOf } from "./installation.ts";
import { mayTurnOut } from "./machine-settings.ts";
import type { Sightings } from "./sightings.ts";

export interface BootTurnParts {
  readonly queue: {
    readonly state: QueueState;
    readonly rules: QueueRules;
    dispatch(event: QueueEvent): Promise<Verdict>;
  };
  /** Asked anew for each request, so that a reload takes effect. */
  readonly site: () => InstallSite;
  /** For hosts that have no mode of their own. */
  readonly mode: StandardMode;
  readonly sightings: Sightings;
  readonly newToken: () => AttemptToken;
}

/** What a machine boots that asks for its script, whichever boot loader asks. */
export type BootTurn =
  /** The queue has noted it, durably. */
  | { readonly type: "install"; readonly install: Installation }
  /** It goes on to its own disk. `host` undefined: none of ours. */
  | { readonly type: "local-disk"; readonly host: Host | undefined; readonly reason: string }
  | {
      readonly type: "refused";
      readonly reason: "unknown-host" | "wrong-address" | "no-profile";
      /** In words. */
      readonly why: string;
    };

/**
 * A boot loader on the machine with this NIC asks what to boot. Where another DHCP server gives the address, no REQUEST
 * came that could have taken a slot, so this takes it. `from` null: nobody knows the address it asks from.
 */
export async function takeBootTurn(parts: BootTurnParts, mac: MacAddress, from: Ipv4Address | null): Promise<BootTurn> {
  const { queue, sightings } = parts;
  const before = findHostByMac(queue.state, mac);
  const mode = dhcpModeOf(before, parts.mode);
  if (mode === "ignore") return { type: "local-disk", host: before, reason: IGNORED };
  if (mode === "proxy") {
    const doubt = whyNotBooting(before, sightings, mac, from);
    if (doubt !== null) return { type: "refused", reason: "wrong-address", why: doubt };
    if (from !== null) sightings.found(mac, from);
    const refusal = await whyNoSlot(parts, before, mac);
    if (refusal !== null) return { type: "local-disk", host: before, reason: REFUSALS[refusal] };
  }
  const host = findHostByMac(queue.state, mac);
  if (host === undefined)
    return { type: "refused", reason: "unknown-host", why: "no host with this hardware address has a slot" };
  const stranger = hasOnlyOurAddresses(host, parts.mode) ? whyNotItsAddress(queue.state, host, from) : null;
  if (stranger !== null) return { type: "refused", reason: "wrong-address", why: stranger };
  await noteEndAtReboot(parts, host);
  const meaning = meaningFor(parts, host);
  const unfit = meaning === null ? null : whyUnfit(parts, host);
  if (unfit !== null) return { type: "refused", reason: "no-profile", why: unfit };
  const verdict = await queue.dispatch(
    meaning === null ? { type: "script-fetched", host: host.id } : { type: "script-booted", host: host.id, meaning },
  );
  if (verdict.type === "refused") return { type: "local-disk", host, reason: REFUSALS[verdict.reason] };
  const now = findHost(queue.state, host.id);
  const install = now === undefined ? null : installationOf(queue.state, now, parts.site());
  if (install === null)
    return { type: "refused", reason: "no-profile", why: "its profile is not in the configuration any more" };
  const { profile, host: asking } = install;
  // What would be refused when its installer asks is refused now, unless that is where we learn which machine it is.
  if (profile.problems.length > 0 && !mayTurnOut(parts.site().machines, asking))
    return { type: "refused", reason: "no-profile", why: profile.problems.map(formatProblem).join("; ") };
  return { type: "install", install };
}

/** One whose installer tells nobody when it is done, and is seen to boot again: it is installed, and goes to its disk. */
async function noteEndAtReboot({ queue, site }: BootTurnParts, host: Host): Promise<void> {
  if (host.state.type !== "installing" || host.attempt === null) return;
  const install = installationOf(queue.state, host, site());
  if (install?.profile.remote(install.target)?.endsAtReboot !== true) return;
  const { token } = host.attempt;
  await queue.dispatch({ type: "install-reported", host: host.id, token, inventory: EMPTY_INVENTORY });
}

/** null: the machine has a slot now, durably, or needs none because it boots again from the one it has. */
async function whyNoSlot(parts: BootTurnParts, before: Host | undefined, mac: MacAddress): Promise<Refusal | null> {
  if (before !== undefined && stillBoots(before, meaningFor(parts, before))) return null;
  const uuid = parts.sightings.uuidOf(mac);
  const verdict = await parts.queue.dispatch({ type: "slot-claimed", mac, uuid, token: parts.newToken() });
  return verdict.type === "refused" ? verdict.reason : null;
}

/** What the script of its profile brings by itself; null: nothing. */
function meaningFor({ queue, site }: BootTurnParts, host: Host): ScriptMeaning | null {
  return installationOf(queue.state, host, site())?.profile.script() ?? null;
}

/** Where no answer file follows, this is the last time to look whether the profile fits the machine; null: it does. */
function whyUnfit({ queue, site }: BootTurnParts, host: Host): string | null {
  const install = installationOf(queue.state, host, site());
  const problems = install?.profile.checkTarget(install.target) ?? [];
  return problems.length === 0 ? null : problems.map(formatProblem).join("; ");
}

/**
 * Where another server gives the addresses, anybody can ask in a machine's name. null: what asks fits what the machine was
 * heard to say by DHCP, so far as it was.
 */
function whyNotBooting(
  host: Host | undefined,
  sightings: Sightings,
  mac: MacAddress,
  from: Ipv4Address | null,
): string | null {
  const wouldTakeSlot = host === undefined || host.slot === null;
  const isFirst = wouldTakeSlot || (host.state.type === "pxe_ready" && !host.state.requested);
  if (!sightings.mayHaveAsked(mac)) {
    return isFirst
      ? `${mac} has not asked DHCP for anything in the last minutes, so this is not its boot loader`
      : null;
  }
  const address = sightings.takenBy(mac);
  if (address === null || from === null || address === from) return null;
  return `${mac} took the address ${address}, and ${from} asks`;
}

/** null: it comes from the address of the host's slot, as it must when that address is ours to give. */
export function whyNotItsAddress(state: QueueState, host: Host, from: Ipv4Address | null): string | null {
  const slot = slotOf(state, host);
  if (slot === undefined) return "the host has no slot";
  return from === null || from === slot.address ? null : `this is for ${slot.address}, and ${from} asks`;
}
