import { parseIpv4Address } from "../net/ipv4-address.ts";
import { parseMacAddress } from "../net/mac-address.ts";
import type { Host } from "../queue/host.ts";
import type { Slot } from "../queue/slot.ts";
import { type QueueState, slotOf } from "../queue/state.ts";
import { err, ok, type Result } from "../std/result.ts";

/** A name that people gave us and that means nobody, or more than one. In words, with what there is. */
export interface UnresolvedName {
  readonly type: "not-found" | "ambiguous";
  readonly message: string;
  readonly hint: string;
}

/**
 * The host that `text` means: its id, UUID or any of its hardware addresses; number, address or hostname of its slot;
 * or the beginning of one of these, when it is the beginning of one host's only.
 */
export function resolveHost(state: QueueState, text: string): Result<Host, UnresolvedName> {
  const wanted = text.trim().toLowerCase();
  const mac = parseMacAddress(wanted);
  const slot = slotNamed(state, wanted);
  const exact = state.hosts.filter(
    (host) =>
      host.id === wanted || host.uuid === wanted || (mac.ok && host.macs.includes(mac.value)) || isHostOf(slot, host),
  );
  if (exact.length > 0) return only(exact, text, (host) => describeHost(state, host));
  if (slot) {
    const holder = slot.state.type === "held" ? `; it is held for ${slot.state.mac}` : "";
    return err({
      type: "not-found",
      message: `slot ${describeSlot(state, slot)} has no host${holder}`,
      hint: hostsThereAre(state),
    });
  }
  const begun =
    wanted === "" ? [] : state.hosts.filter((host) => namesOf(state, host).some((n) => n.startsWith(wanted)));
  if (begun.length > 0) return only(begun, text, (host) => describeHost(state, host));
  return err({ type: "not-found", message: `no host is called ${quote(text)}`, hint: hostsThereAre(state) });
}

/** The slot that `text` means: its number from 1, its address or its hostname. */
export function resolveSlot(state: QueueState, text: string): Result<Slot, UnresolvedName> {
  const slot = slotNamed(state, text.trim().toLowerCase());
  if (slot) return ok(slot);
  return err({
    type: "not-found",
    message: `no slot is called ${quote(text)}; a slot is named by its number, address or hostname`,
    hint: listed(
      "slots",
      state.slots.map((each) => describeSlot(state, each)),
    ),
  });
}

/** `1 (10.11.0.2, peach-beach)` */
export function describeSlot(state: QueueState, slot: Slot): string {
  return `${state.slots.indexOf(slot) + 1} (${slot.address}, ${slot.hostname})`;
}

/** The name people know a host by: its hostname, and its id for certainty. */
export function describeHost(state: QueueState, host: Host): string {
  const slot = slotOf(state, host);
  return slot ? `${slot.hostname} (${host.id})` : host.id;
}

function slotNamed(state: QueueState, wanted: string): Slot | undefined {
  if (/^\d{1,6}$/.test(wanted)) return Number(wanted) === 0 ? undefined : state.slots.at(Number(wanted) - 1);
  const address = parseIpv4Address(wanted);
  return state.slots.find((slot) => slot.hostname === wanted || (address.ok && slot.address === address.value));
}

function isHostOf(slot: Slot | undefined, host: Host): boolean {
  return slot?.state.type === "assigned" && slot.state.host === host.id;
}

function namesOf(state: QueueState, host: Host): readonly string[] {
  const hostname = slotOf(state, host)?.hostname;
  return [host.id, ...host.macs, ...(host.uuid ? [host.uuid] : []), ...(hostname ? [hostname] : [])];
}

function only<T>(found: readonly T[], text: string, describe: (one: T) => string): Result<T, UnresolvedName> {
  const [first] = found;
  if (found.length === 1 && first !== undefined) return ok(first);
  return err({
    type: "ambiguous",
    message: `${quote(text)} could be ${some(found.map(describe))}`,
    hint: "say more of its name, or its whole hardware address",
  });
}

function hostsThereAre(state: QueueState): string {
  return listed(
    "hosts",
    state.hosts.map((host) => describeHost(state, host)),
  );
}

function listed(what: "hosts" | "slots", names: readonly string[]): string {
  return names.length === 0 ? `there are no ${what}` : `there are ${some(names)}; \`bootqueue ${what}\` lists them`;
}

/** As many names as one reads at a glance. */
function some(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_MAX);
  return names.length > shown.length ? `${shown.join(", ")} and ${names.length - shown.length} more` : shown.join(", ");
}

const SHOWN_MAX = 8;

/** What came from outside, short and on one line. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
