import type { Ipv4Address } from "../net/ipv4-address.ts";
import { type MacAddress, parseMacAddress } from "../net/mac-address.ts";
import { type Clock, later } from "../std/clock.ts";

/** Who lives at which address, as the system knows it. */
export interface Neighbours {
  /** Makes the system ask for this address (ARP). */
  ask(address: Ipv4Address): void;
  /** The text of `/proc/net/arp`. */
  table(): Promise<string>;
}

/** On a LAN the answer takes a millisecond; that there is none is certain after 300 ms (measured). */
export const ANSWER_MS = 400;

/** When the system is asking already, it asks again only a second after the last time. */
export const ASKED_BEFORE_MS = 1_500;

/**
 * The addresses in `/proc/net/arp`, with who answers for each; null: nobody, or nobody yet. Lines that cannot be read
 * are passed over.
 */
export function readArpTable(text: string): ReadonlyMap<Ipv4Address, MacAddress | null> {
  const found = new Map<Ipv4Address, MacAddress | null>();
  for (const line of text.split("\n").slice(1)) {
    const [address = "", , flags = "", hardware = ""] = line.trim().split(/\s+/);
    const mac = parseMacAddress(hardware);
    if (!mac.ok) continue;
    // ATF_COM: complete.
    const isComplete = (Number(flags) & 0x2) !== 0 && mac.value !== "00:00:00:00:00:00";
    found.set(address as Ipv4Address, isComplete ? mac.value : null);
  }
  return found;
}

/** Who answers at an address now, or did a moment ago; null: nobody. Takes `ANSWER_MS`. */
export async function whoIsAt(address: Ipv4Address, neighbours: Neighbours, clock: Clock): Promise<MacAddress | null> {
  neighbours.ask(address);
  await new Promise<void>((resolve) => void clock.alarm(later(clock.now(), ANSWER_MS), resolve));
  return readArpTable(await neighbours.table()).get(address) ?? null;
}
