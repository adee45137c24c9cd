import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { SystemUuid } from "../net/system-uuid.ts";
import type { AttemptToken, DhcpMode, HostId } from "./host.ts";
import type { Identity } from "./identity.ts";
import type { Inventory } from "./inventory.ts";
import type { StepReport } from "./operation.ts";
import type { Place } from "./place.ts";
import type { ScriptMeaning } from "./script-booting.ts";
import type { DeclaredSlot, SlotId } from "./slot.ts";

/** Everything that can happen to the queue. What is random or secret was made at the edge and travels in here. */
export type QueueEvent =
  // From the network.
  /** A netboot client asked for an address (DISCOVER). Holds a slot, in memory only. */
  | {
      readonly type: "host-seen";
      readonly mac: MacAddress;
      readonly uuid: SystemUuid | null;
      /** Absent: not known, so any slot will do. */
      readonly place?: Place;
      /** true: it has asked before, so it is worth more than a slot that somebody was offered and has not taken since. */
      readonly insistent?: boolean;
    }
  /** It asks for the address it was offered (REQUEST). Takes the slot; durable before the ACK. `token` arms it. */
  | {
      readonly type: "slot-requested";
      readonly mac: MacAddress;
      readonly uuid: SystemUuid | null;
      readonly address: Ipv4Address;
      readonly token: AttemptToken;
      readonly place?: Place;
    }
  /** It took the offer of another server, so what is held for it is free again. */
  | { readonly type: "other-offer-chosen"; readonly mac: MacAddress }
  /**
   * It fetches its boot script and has its address from another server (proxy mode), so no REQUEST comes. Takes the slot
   * that is held for it, or the next one; durable before the script leaves. `token` arms it.
   */
  | {
      readonly type: "slot-claimed";
      readonly mac: MacAddress;
      readonly uuid: SystemUuid | null;
      readonly token: AttemptToken;
    }
  /** The client found somebody else at the address (DECLINE). */
  | { readonly type: "address-declined"; readonly mac: MacAddress; readonly address: Ipv4Address }
  /** A machine with this address of its own answered at an address that nobody was given. */
  | { readonly type: "address-in-use"; readonly address: Ipv4Address; readonly mac: MacAddress }
  /** It answers no longer. */
  | { readonly type: "address-quiet"; readonly address: Ipv4Address }
  | { readonly type: "script-fetched"; readonly host: HostId }
  /** It fetches a boot script that no answer file follows. */
  | { readonly type: "script-booted"; readonly host: HostId; readonly meaning: ScriptMeaning }
  /** The point of no return. `macs`: every address the installer named. What it does not say of the machine is absent. */
  | ({
      readonly type: "answer-fetched";
      readonly host: HostId;
      readonly macs: readonly MacAddress[];
      readonly uuid: SystemUuid | null;
      /** What the machine turned out to be by what its firmware calls it. Absent or null: nothing that we did not know. */
      readonly serverType?: string | null;
    } & Partial<Omit<Identity, "uuid">>)
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
  /** How a step of the running operation goes. `token`: whoever reports over the network has to show it. */
  | ({ readonly type: "step-reported"; readonly host: HostId; readonly token?: AttemptToken } & StepReport)
  /** It is the turn of this host, and its cluster has no member yet: it will begin it. Durable before it is told. */
  | { readonly type: "founder-chosen"; readonly host: HostId; readonly cluster: string }
  // From effects.
  | { readonly type: "join-succeeded"; readonly host: HostId }
  | { readonly type: "join-failed"; readonly host: HostId; readonly reason: string }
  /** The host is about to be restarted for this install. A refusal means that it must not be any more. */
  | { readonly type: "power-switching"; readonly host: HostId; readonly token: AttemptToken }
  /** `isSure` false: nobody can tell whether it had an effect. */
  | { readonly type: "power-switched"; readonly host: HostId; readonly token: AttemptToken; readonly isSure: boolean }
  /** It stays armed, for whoever presses the button. */
  | { readonly type: "power-failed"; readonly host: HostId; readonly token: AttemptToken }
  // From the clock.
  | { readonly type: "time-passed" }
  /** The same, with a look at every wait, for a clock that was set back. Now and then, because that takes time. */
  | { readonly type: "clock-checked" }
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
  /** It may take a slot; or the machine that it is held for may be installed. */
  | { readonly type: "host-approved"; readonly host: HostId }
  /** `byHand`: its power is not switched, although it could be. */
  | {
      readonly type: "rebuild-ordered";
      readonly host: HostId;
      readonly token: AttemptToken;
      readonly byHand?: boolean;
    }
  /** Its join failed, and is to be tried again. */
  | { readonly type: "join-retried"; readonly host: HostId }
  | { readonly type: "host-marked-installed"; readonly host: HostId }
  /** Gives its slot back and forgets the machine. `evenInstalled`: also one that would then be installed again. */
  /** `forget`: also one that the operator entered, which would stay registered. */
  | { readonly type: "host-reset"; readonly host: HostId; readonly evenInstalled: boolean; readonly forget?: boolean }
  /** How DHCP serves the machine with this address from now on, known or not; null: as the configuration says. */
  | { readonly type: "host-mode-set"; readonly mac: MacAddress; readonly mode: DhcpMode | null }
  /** Installs again all of these, `parallel` at a time, in this order. */
  | {
      readonly type: "set-rebuild-ordered";
      readonly members: readonly { readonly host: HostId; readonly token: AttemptToken }[];
      readonly parallel: number;
      readonly keepGoing: boolean;
    }
  | { readonly type: "set-rebuild-stopped" }
  | { readonly type: "set-rebuild-resumed" }
  | { readonly type: "queue-paused" }
  | { readonly type: "queue-resumed" };

export type QueueEventType = QueueEvent["type"];
