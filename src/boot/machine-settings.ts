import type { MacAddress } from "../net/mac-address.ts";
import type { Layer } from "../profiles/layers.ts";
import type { Profile } from "../profiles/profiles.ts";
import { type ServerType, serverTypeOf, typeByMac } from "../profiles/server-type.ts";
import type { Host } from "../queue/host.ts";
import type { ProfileName, Slot, SlotId } from "../queue/slot.ts";
import type { Problem } from "../std/problem.ts";

/** What the configuration says of machines besides their profile. */
export interface MachineSettings {
  readonly serverTypes: readonly ServerType[];
  readonly ofSlots: ReadonlyMap<SlotId, Layer>;
  /** By any of the host's hardware addresses. */
  readonly ofHosts: ReadonlyMap<MacAddress, Layer>;
  /** Server types that the configuration gives to single hosts. */
  readonly assigned: ReadonlyMap<MacAddress, string>;
}

export const NO_MACHINE_SETTINGS: MachineSettings = {
  serverTypes: [],
  ofSlots: new Map(),
  ofHosts: new Map(),
  assigned: new Map(),
};

/** What is needed to tell what is installed on a machine. */
export interface ProfileSite {
  readonly profiles: ReadonlyMap<ProfileName, Profile>;
  /** Absent: nothing. */
  readonly machines?: MachineSettings;
}

/** What is known of a host whose type is asked for. */
export type KnownHost = Pick<Host, "macs" | "bootMac" | "serverType" | "byOperator" | "inventory">;

/** What is installed on this host in this slot: the profile with everything laid over it. `product`: as just seen. */
export function profileFor(
  site: ProfileSite,
  slot: Pick<Slot, "id" | "profile">,
  host: KnownHost,
  product: string | null = null,
): Profile | undefined {
  const profile = site.profiles.get(slot.profile);
  const { machines } = site;
  if (profile === undefined || machines === undefined) return profile;
  const serverType = serverTypeOfHost(machines, host, product);
  const layers = [machines.ofSlots.get(slot.id), ...host.macs.map((mac) => machines.ofHosts.get(mac))];
  const overlay = { serverType, layers: layers.filter((layer) => layer !== undefined) };
  return profile.with(overlay);
}

/** null: it is of none that the configuration describes. */
export function serverTypeOfHost(
  machines: MachineSettings,
  { macs, bootMac, serverType, byOperator, inventory }: KnownHost,
  product: string | null = null,
): ServerType | null {
  const [byConfig = null] = macs.flatMap((mac) => machines.assigned.get(mac) ?? []);
  const assigned = byConfig ?? (byOperator ? serverType : null);
  const called = product ?? inventory?.board.product ?? null;
  // Between its answer and its report only the type is known that its installer led to.
  const remembered =
    called === null && !byOperator ? machines.serverTypes.find(({ name }) => name === serverType) : null;
  if (assigned === null && remembered != null) return remembered;
  return serverTypeOf(machines.serverTypes, { assigned, macs: [bootMac, ...macs], product: called });
}

/** The type that a host is of, for people; null: none that the configuration describes. */
export function describedType(machines: MachineSettings | undefined, host: KnownHost) {
  const type = machines === undefined ? null : serverTypeOfHost(machines, host);
  return type && { name: type.name, displayName: type.displayName, gpu: type.gpu };
}

/** The name of the type that this product name makes of the host, if it is none that was known without it; else null. */
export function typeByProduct(
  machines: MachineSettings | undefined,
  host: KnownHost,
  product: string | null,
): string | null {
  if (machines === undefined || product === null) return null;
  const found = serverTypeOfHost(machines, host, product);
  const without = serverTypeOfHost(machines, { ...host, serverType: null, inventory: null });
  return found === null || found === without ? null : found.name;
}

/** The name of the type of a machine of which only one NIC is known; null: none. */
export function typeNameByMac(machines: MachineSettings, mac: MacAddress): string | null {
  return machines.assigned.get(mac) ?? typeByMac(machines.serverTypes, [mac])?.name ?? null;
}

/** A machine in a slot that is kept for others, found out only when its installer said what it is. */
export function wrongTypeProblems(
  machines: MachineSettings | undefined,
  { reservation, address }: Pick<Slot, "reservation" | "address">,
  host: KnownHost,
  product: string | null = null,
): readonly Problem[] {
  if (machines === undefined || reservation?.type !== "server-type") return [];
  const found = serverTypeOfHost(machines, host, product);
  if (found === null || found.name === reservation.serverType) return [];
  const message = `slot ${address} is kept for server type ${reservation.serverType}, and this machine is a ${found.name}; give it another slot, or correct the types`;
  return [{ path: "", message }];
}

/** Whether its type, and with it what is installed, may yet turn out to be another, when its installer says what it is. */
export function mayTurnOut(machines: MachineSettings | undefined, host: KnownHost): boolean {
  if (machines === undefined || host.inventory?.board.product != null) return false;
  if (host.byOperator && host.serverType !== null) return false;
  if (host.macs.some((mac) => machines.assigned.has(mac))) return false;
  return machines.serverTypes.some(({ products }) => products.length > 0);
}
