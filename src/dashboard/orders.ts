import type { DhcpMode, HostId } from "../queue/host.ts";
import type { SlotId } from "../queue/slot.ts";

/** Everything an operator may ask of the appliance from the page. */
export type Order =
  | { readonly type: "skip"; readonly slot: SlotId; readonly reason: string }
  | { readonly type: "unskip"; readonly slot: SlotId }
  /** `mac` as it was typed: whoever carries the order out checks it. */
  | {
      readonly type: "register";
      readonly mac: string;
      readonly serverType: string | null;
      readonly slot: SlotId | null;
    }
  | { readonly type: "approve"; readonly host: HostId }
  | { readonly type: "rebuild"; readonly host: HostId }
  | { readonly type: "retry"; readonly host: HostId }
  | { readonly type: "mark-installed"; readonly host: HostId }
  /** `evenInstalled`: the operator typed the name of a host that may hold an installed system. */
  | { readonly type: "reset"; readonly host: HostId; readonly evenInstalled: boolean }
  | { readonly type: "mode"; readonly host: HostId; readonly mode: DhcpMode | "default" }
  | { readonly type: "pause" }
  | { readonly type: "resume" };

/** What came of it; `message` is a sentence for the operator. */
export interface Outcome {
  readonly ok: boolean;
  readonly message: string;
}

/** Resolves when the outcome is on disk. */
export type Perform = (order: Order) => Promise<Outcome>;
