import { formatMacHyphens, type MacAddress } from "../net/mac-address.ts";
import type { SystemUuid } from "../net/system-uuid.ts";
import type { Brand } from "../std/brand.ts";
import type { Instant } from "../std/clock.ts";
import type { Founding } from "./founding.ts";
import type { Identity, IdentityHold } from "./identity.ts";
import type { Inventory } from "./inventory.ts";
import type { Operation } from "./operation.ts";
import type { SlotId } from "./slot.ts";

/** The first hardware address we knew a host by, with hyphens: `52-54-00-ab-cd-ef`. It stays, whatever is learnt later. */
export type HostId = Brand<string, "HostId">;

/** The secret of one install: part of every address that the installer is given, and void with the next install. */
export type AttemptToken = Brand<string, "AttemptToken">;

/** A physical machine. It is its SMBIOS UUID and all its hardware addresses, not one of them. */
export interface Host {
  readonly id: HostId;
  /** null: the firmware has none, or a bogus one. */
  readonly uuid: SystemUuid | null;
  /** Every address it was ever seen with, the first one first. Never empty. */
  readonly macs: readonly MacAddress[];
  /** The NIC it boots from: the only one that is given the slot's address. */
  readonly bootMac: MacAddress;
  readonly serverType: string | null;
  /** true: the operator entered it, so a reset leaves it registered instead of forgetting it. */
  readonly byOperator: boolean;
  /** How DHCP serves it, whatever the configuration says for all; null: as the configuration says. */
  readonly dhcp: DhcpMode | null;
  readonly slot: SlotId | null;
  readonly state: HostState;
  /** The install that is or was armed. null: none yet. */
  readonly attempt: Attempt | null;
  /** null: no install has reported yet. */
  readonly inventory: Inventory | null;
  /** The machine that its last answer file was served to; null: none was yet. */
  readonly identity: Identity | null;
  /** It is served nothing until the operator has approved what asks in its name; null: nothing strange was seen. */
  readonly hold: IdentityHold | null;
  /** How it came to where it is, oldest first; the last `PASSAGES_MAX`. */
  readonly passages: readonly Passage[];
  /** null: it was never told to begin a cluster. */
  readonly founding: Founding | null;
  /** Its installs, oldest first; the last `OPERATIONS_MAX`. */
  readonly operations: readonly Operation[];
}

/**
 * `full`: address and boot file, as its only DHCP server. `proxy`: the boot file alone, beside another server that gives
 * the address. `ignore`: silence, whatever its state.
 */
export type DhcpMode = "full" | "proxy" | "ignore";

export interface Attempt {
  readonly token: AttemptToken;
  /** How many answer files were served under this token. */
  readonly answers: number;
  readonly armedAt: Instant;
  /** What the operator let through although it is not the machine that we knew; null: nothing had to be. */
  readonly approved: Identity | null;
  /** How far its power was switched for this install; null: somebody presses the button. */
  readonly power: AttemptPower | null;
}

export interface AttemptPower {
  /**
   * `wanted`: it is to be restarted, and was not yet. `switching`: it may have been. `switched`, `failed`: that is over,
   * and is not begun again.
   */
  readonly step: "wanted" | "switching" | "switched" | "failed";
  /** true: it is restarted because it got stuck. That happens once in an install. */
  readonly isForStuck: boolean;
}

export interface Passage {
  readonly state: HostStateType;
  readonly at: Instant;
  /** Why, where the state alone does not say it; else empty. */
  readonly reason: string;
}

export type HostState =
  | { readonly type: "discovered"; readonly since: Instant; readonly reason: string; readonly approved: boolean }
  | { readonly type: "registered"; readonly since: Instant }
  /** `requested`: the host itself has asked for its address; false: the operator armed it and it has not been seen yet. */
  | { readonly type: "pxe_ready"; readonly since: Instant; readonly deadline: Instant; readonly requested: boolean }
  | { readonly type: "pxe_booted"; readonly since: Instant; readonly deadline: Instant }
  | { readonly type: "installing"; readonly since: Instant; readonly deadline: Instant }
  /** Waits for the first-boot script to phone home, or for its turn to join (then `deadline` is null). */
  | { readonly type: "installed"; readonly since: Instant; readonly deadline: Instant | null }
  /** Runs its first-boot steps, or waits for its turn to join (then `deadline` is null). */
  | { readonly type: "first_boot"; readonly since: Instant; readonly deadline: Instant | null }
  | { readonly type: "joining"; readonly since: Instant; readonly deadline: Instant }
  | { readonly type: "ready"; readonly since: Instant }
  | { readonly type: "failed"; readonly since: Instant; readonly reason: string; readonly from: HostStateType };

export type HostStateType = HostState["type"];

/** Which state may follow which. The diagram in the docs is drawn from this table. */
export const MOVES = {
  discovered: ["pxe_ready", "registered", "installed"],
  registered: ["pxe_ready", "installed"],
  pxe_ready: ["pxe_booted", "installing", "discovered", "registered", "installed", "failed"],
  pxe_booted: ["pxe_ready", "installing", "discovered", "registered", "installed", "failed"],
  installing: ["installed", "pxe_booted", "registered", "failed"],
  installed: ["first_boot", "joining", "ready", "pxe_ready", "registered", "failed"],
  first_boot: ["joining", "ready", "pxe_ready", "registered", "failed"],
  joining: ["ready", "pxe_ready", "registered", "failed"],
  ready: ["pxe_ready", "registered"],
  failed: ["pxe_ready", "registered", "installed", "first_boot"],
} as const satisfies Record<HostStateType, readonly HostStateType[]>;

/** States in which an installer has finished on this host: it gets none again until the operator arms it. */
export const BEYOND_INSTALLING: ReadonlySet<HostStateType> = new Set(["installed", "first_boot", "joining", "ready"]);

/** States in which an install is armed or under way. */
export const ARMED: ReadonlySet<HostStateType> = new Set(["pxe_ready", "pxe_booted", "installing"]);

/**
 * A system was installed on this host since it was entered or first seen, or the operator said so. A rebuild that is
 * only armed has wiped nothing yet, so this outlasts it.
 */
export function wasInstalled({ inventory, state, passages }: Host): boolean {
  if (inventory !== null || BEYOND_INSTALLING.has(state.type)) return true;
  const last = passages.findLast(({ state: at }) => BEYOND_INSTALLING.has(at) || BLANK.has(at));
  return last !== undefined && BEYOND_INSTALLING.has(last.state);
}

/** A system may be on its disk: it was installed, or an installer was let loose on it and never told how that ended. */
export function mayBeInstalled(host: Host): boolean {
  return host.identity !== null || wasInstalled(host);
}

/** In these a host was never installed, or is forgotten to have been. */
const BLANK: ReadonlySet<HostStateType> = new Set(["discovered", "registered"]);

export const PASSAGES_MAX = 100;

export function hostIdOf(mac: MacAddress): HostId {
  return formatMacHyphens(mac) as HostId;
}
