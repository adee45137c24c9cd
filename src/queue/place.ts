import { type Ipv4Subnet, isInSubnet } from "../net/ipv4-address.ts";
import type { RelayPort } from "../net/relay-port.ts";
import type { Slot } from "./slot.ts";

/** Where in the network somebody asks from. */
export interface Place {
  /** Only addresses of this network work there. */
  readonly subnet: Ipv4Subnet;
  /** The switch port, as the relay names it; null: it names none. */
  readonly port: RelayPort | null;
}

/** Whether the slot's address works where the host is. `place` undefined: it is not known, so every slot will do. */
export function isWithin(place: Place | undefined, slot: Slot): boolean {
  return place === undefined || isInSubnet(slot.address, place.subnet);
}
