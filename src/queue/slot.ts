import type { Hostname } from "../net/hostname.ts";
import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { RelayPort } from "../net/relay-port.ts";
import type { SystemUuid } from "../net/system-uuid.ts";
import type { Brand } from "../std/brand.ts";
import type { Instant } from "../std/clock.ts";
import type { HostId } from "./host.ts";

/** A slot is known by its address: `10.11.0.2`. */
export type SlotId = Brand<string, "SlotId">;

/** The name of a profile, which is the name of its file: `pve` for `profiles/pve.toml`. */
export type ProfileName = Brand<string, "ProfileName">;

/** What the configuration says of a slot. */
export interface DeclaredSlot {
  readonly id: SlotId;
  readonly address: Ipv4Address;
  readonly hostname: Hostname;
  readonly profile: ProfileName;
  /** What the operator calls the group it belongs to: `rack1`. */
  readonly labels: readonly string[];
  /** null: for whoever comes first. */
  readonly reservation: Reservation | null;
  /** Only a machine that says this serial number, as its own or its board's, is installed here; null: any. */
  readonly boardSerial: string | null;
  /** The disks that may be wiped; empty: whichever the profile says. */
  readonly diskSerials: readonly string[];
}

export type Reservation =
  | { readonly type: "mac"; readonly mac: MacAddress }
  /** For whoever asks from this switch port. */
  | { readonly type: "port"; readonly port: RelayPort }
  | { readonly type: "server-type"; readonly serverType: string };

/** A place in the line. */
export interface Slot extends DeclaredSlot {
  readonly state: SlotState;
  /** false: gone from the configuration, and kept only because a host still has it. */
  readonly declared: boolean;
}

export type SlotState =
  | { readonly type: "available" }
  /** Waits for the host that its `reservation` names. */
  | { readonly type: "reserved" }
  /** Offered and not yet requested. Kept in memory only: after a restart it is simply free again. */
  | {
      readonly type: "held";
      readonly mac: MacAddress;
      readonly uuid: SystemUuid | null;
      readonly since: Instant;
      readonly until: Instant;
    }
  | { readonly type: "assigned"; readonly host: HostId; readonly since: Instant }
  /** Not given to anybody until the operator says so. `conflict` null: he said that too, or it waits for its name. */
  | {
      readonly type: "skipped";
      readonly since: Instant;
      readonly reason: string;
      readonly conflict: AddressConflict | null;
      /** An installed machine at another address still bears its hostname; when none does, the slot is free again. */
      readonly waitsForName?: true;
    };

/** Why an address cannot be used: somebody else has it. */
export type AddressConflict =
  /** So said the client that was given it (DHCPDECLINE). */
  | { readonly type: "declined" }
  /** A machine with this address answered there; when it is gone, the slot is free again. */
  | { readonly type: "in-use"; readonly mac: MacAddress };

export type SlotStateType = SlotState["type"];

/** The state of a slot that nobody has. */
export function restingState(slot: DeclaredSlot): SlotState {
  return slot.reservation === null ? { type: "available" } : { type: "reserved" };
}

/** Whether the host with this NIC could get it now: nobody has it, or it lives at the address already. */
export function isFreeFor({ state }: Slot, mac: MacAddress): boolean {
  if (state.type === "available" || state.type === "reserved") return true;
  return state.type === "skipped" && state.conflict?.type === "in-use" && state.conflict.mac === mac;
}

export function slotIdOf(address: Ipv4Address): SlotId {
  return address as string as SlotId;
}
