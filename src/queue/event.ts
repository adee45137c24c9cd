import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { SystemUuid } from "../net/system-uuid.ts";
import type { AttemptToken, HostId } from "./host.ts";
import type { Inventory } from "./inventory.ts";
import type { DeclaredSlot, SlotId } from "./slot.ts";

/** Everything that can happen to the queue. What is random or secret was made at the edge and travels in here. */
export type QueueEvent =
  // From the network.
  /** A netboot client asked for an address (DISCOVER). Holds a slot, in memory only. */
  | { readonly type: "host-seen"; readonly mac: MacAddress; readonly uuid: SystemUuid | null }
  /** It asks for the address it was offered (REQUEST). Takes the slot; durable before the ACK. `token` arms it. */
  | {
      readonly type: "slot-requested";
      readonly mac: MacAddress;
      readonly uuid: SystemUuid | null;
      readonly address: Ipv4Address;
      readonly token: AttemptToken;
    }
  /** The client found somebody else at the address (DECLINE). */
  | { readonly type: "address-declined"; readonly mac: MacAddress; readonly address: Ipv4Address }
  | { readonly type: "script-fetched"; readonly host: HostId }
  /** The point of no return. `macs`: every address the installer named. */
  | {
      readonly type: "answer-fetched";
      readonly host: HostId;
      readonly macs: readonly MacAddress[];
      readonly uuid: SystemUuid | null;
    }
  | {
      readonly type: "install-reported";
      readonly host: HostId;
      readonly token: AttemptToken;
      readonly inventory: Inventory;
    }
  | { readonly type: "install-failed"; readonly host: HostId; readonly token: AttemptToken; readonly reason: string }
  | { readonly type: "phoned-home"; readonly host: HostId; readonly token: AttemptToken }
  | { readonly type: "first-boot-finished"; readonly host: HostId; readonly token: AttemptToken }
  | { readonly type: "first-boot-failed"; readonly host: HostId; readonly token: AttemptToken; readonly reason: string }
  // From effects.
  | { readonly type: "join-succeeded"; readonly host: HostId }
  | { readonly type: "join-failed"; readonly host: HostId; readonly reason: string }
  // From the clock.
  | { readonly type: "time-passed" }
  // From the operator.
  /** The configuration as it is now; merged, and never forgets a slot that is in use. */
  | { readonly type: "slots-declared"; readonly slots: readonly DeclaredSlot[] }
  | { readonly type: "slot-skipped"; readonly slot: SlotId; readonly reason: string }
  | { readonly type: "slot-unskipped"; readonly slot: SlotId }
  | {
      readonly type: "host-registered";
      readonly mac: MacAddress;
      readonly uuid: SystemUuid | null;
      readonly serverType: string | null;
      readonly slot: SlotId | null;
    }
  | { readonly type: "host-approved"; readonly host: HostId }
  | { readonly type: "rebuild-ordered"; readonly host: HostId; readonly token: AttemptToken }
  | { readonly type: "host-marked-installed"; readonly host: HostId }
  /** Gives its slot back and forgets the machine. `evenInstalled`: also one that would then be installed again. */
  | { readonly type: "host-reset"; readonly host: HostId; readonly evenInstalled: boolean }
  | { readonly type: "queue-paused" }
  | { readonly type: "queue-resumed" };

export type QueueEventType = QueueEvent["type"];
