import type { Hostname } from "../net/hostname.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { Host } from "./host.ts";
import type { ProfileName, Slot, SlotId } from "./slot.ts";

/** What the configuration says about how the queue behaves. An argument of every decision, never part of the state. */
export interface QueueRules {
  /** How long an offered slot is kept for a host that has not requested it yet. */
  readonly holdMs: number;
  readonly limitMs: QueueLimits;
  /** Answer files served to one armed host before it counts as looping. */
  readonly attemptsMax: number;
  /** true: an unknown host waits for `host-approved` before it may take a slot. */
  readonly approval: boolean;
  readonly flows: ReadonlyMap<ProfileName, ProfileFlow>;
  /** The steps of one host, where they are not those of its profile; undefined: they are. Absent: always. */
  readonly flowOf?: (host: Host, slot: Slot) => ProfileFlow | undefined;
  /** The server type of a machine of which only this NIC is known; null: none. Absent: nobody can tell. */
  readonly typeByMac?: (mac: MacAddress) => string | null;
  /** What the configuration calls a slot now; undefined: it does not list it. Absent: what the slot is called. */
  readonly hostnameOf?: (slot: SlotId) => Hostname | undefined;
  readonly power: PowerRules;
}

/** Of which hosts the power can be switched. */
export interface PowerRules {
  /** Of the host that has the slot. */
  readonly slots: ReadonlySet<SlotId>;
  /** Of the host that has this address. */
  readonly macs: ReadonlySet<MacAddress>;
  /** true: a host that does not come as far as its installer in time is restarted once. */
  readonly cycleStuck: boolean;
}

/** How long a host may stay in each waiting state. */
export interface QueueLimits {
  readonly pxe_ready: number;
  /** pxe_ready of a host that the operator armed: it may be powered on much later. */
  readonly armed: number;
  readonly pxe_booted: number;
  readonly installing: number;
  readonly installed: number;
  readonly first_boot: number;
  readonly joining: number;
}

/** Which steps follow `installed`. */
export interface ProfileFlow {
  /** true: the host is only done when its first-boot script has phoned home. */
  readonly firstBoot: boolean;
  /** The cluster it joins afterwards; null: none. */
  readonly cluster: string | null;
}
