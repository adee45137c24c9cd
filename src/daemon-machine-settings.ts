import type { MachineSettings } from "./boot/machine-settings.ts";
import { typeNameByMac } from "./boot/machine-settings.ts";
import { type Config, inFile } from "./config/load.ts";
import { unknownTypeWarnings } from "./config/server-types.ts";
import type { DeclaredSlot } from "./config/slots.ts";
import type { Settings } from "./daemon-settings.ts";
import { isInSubnet } from "./net/ipv4-address.ts";
import type { MacAddress } from "./net/mac-address.ts";
import type { Layer } from "./profiles/layers.ts";
import type { Overlay, Profile } from "./profiles/profiles.ts";
import type { ServerType } from "./profiles/server-type.ts";
import { type ProfileName, type SlotId, slotIdOf } from "./queue/slot.ts";
import type { Problem } from "./std/problem.ts";

/** Server types, and the settings of slots and hosts, as they are laid over profiles. */
export function machineSettings({ file, slots, serverTypes, hosts }: Config): MachineSettings {
  const ofSlots = new Map<SlotId, Layer>();
  for (const { address, settings } of slots) {
    if (settings !== undefined) ofSlots.set(slotIdOf(address), { name: `slot ${address}`, file, ...settings });
  }
  const ofHosts = new Map<MacAddress, Layer>();
  const assigned = new Map<MacAddress, string>();
  for (const { mac, serverType, settings } of hosts) {
    if (settings !== null) ofHosts.set(mac, { name: `host ${mac}`, file, ...settings });
    if (serverType !== null) assigned.set(mac, serverType);
  }
  return { serverTypes, ofSlots, ofHosts, assigned };
}

/** Everything that may be laid over this profile, so that one which is whole only with it is not refused. */
export function overlaysOf(config: Config, machines: MachineSettings, profile: string): readonly Overlay[] {
  return groupsOf(config, machines)
    .filter((group) => group.slots[0]?.profile === profile)
    .flatMap((group) => typesFor(group, machines).map((serverType) => overlayOf(group, serverType)));
}

/** What the installer of a machine would refuse, found out before it asks: for every slot and whoever surely comes there. */
export function machineProblems(settings: Settings): readonly Problem[] {
  const { config, profiles, machines } = settings;
  const problems = new Map<string, Problem>();
  const add = (found: readonly Problem[]) => {
    for (const problem of found) problems.set(JSON.stringify(problem), problem);
  };
  for (const group of groupsOf(config, machines)) {
    const profile = profiles.get(group.slots[0]?.profile as ProfileName);
    const certain = certainType(group, machines);
    const types = certain === undefined ? typesFor(group, machines) : [certain];
    const made = types.map((serverType) => profile?.with(overlayOf(group, serverType)));
    const whole = made.find((one) => one?.problems.length === 0);
    if (whole === undefined) add(made[0]?.problems ?? []);
    else for (const slot of group.slots) add(slotProblems(config, slot, whole));
  }
  for (const [mac, layer] of machines.ofHosts) {
    if (slotOfMac(config, mac) !== undefined) continue;
    // Nobody knows its slot yet: one profile that takes these settings is enough.
    const serverType = typeFor(machines, typeNameByMac(machines, mac));
    const made = [...used(config)].map((name) => profiles.get(name)?.with({ serverType, layers: [layer] }));
    const ofLayer = made.map((one) =>
      one?.problems.filter(({ path }) => path.startsWith(`${layer.file}: ${layer.path}`)),
    );
    if (ofLayer.length > 0 && ofLayer.every((found) => found !== undefined && found.length > 0)) add(ofLayer[0] ?? []);
  }
  return [...problems.values()];
}

/** All profiles, and for those with other settings somewhere, as they are there. Those that serve nothing are left out. */
export function profileVariants({ config, profiles, machines }: Settings): readonly Profile[] {
  const variants = new Set(profiles.values());
  for (const group of groupsOf(config, machines)) {
    const profile = profiles.get(group.slots[0]?.profile as ProfileName);
    for (const serverType of typesFor(group, machines)) {
      const variant = profile?.with(overlayOf(group, serverType));
      if (variant?.problems.length === 0) variants.add(variant);
    }
  }
  return [...variants];
}

/** Machines that might come and would be refused, and names that lead nowhere. */
export function machineWarnings({ config, profiles, machines }: Settings): readonly Problem[] {
  const warnings = new Map<string, Problem>();
  for (const group of groupsOf(config, machines)) {
    const [slot] = group.slots;
    const profile = profiles.get(slot?.profile as ProfileName);
    if (slot === undefined || profile === undefined || certainType(group, machines) !== undefined) continue;
    for (const serverType of typesFor(group, machines)) {
      const who = serverType === null ? "a machine of no server type" : `a machine of server type ${serverType.name}`;
      for (const { path, message } of profile.with(overlayOf(group, serverType)).problems) {
        const problem = { path: `profile ${slot.profile}`, message: `${who} would be refused: ${path}: ${message}` };
        warnings.set(JSON.stringify(problem), problem);
      }
    }
  }
  const named = [
    ...config.slot.map(({ server_type }, n) => ({ path: `slot[${n}].server_type`, serverType: server_type ?? null })),
    ...config.slot_range.map(({ server_type }, n) => ({
      path: `slot_range[${n}].server_type`,
      serverType: server_type ?? null,
    })),
    ...config.host.map(({ server_type }, n) => ({ path: `host[${n}].server_type`, serverType: server_type ?? null })),
  ];
  return [...warnings.values(), ...inFile(config.file, unknownTypeWarnings(config.serverTypes, named))];
}

/** Slots for which everything but the address is the same: those of a range are checked as one. */
interface SlotGroup {
  readonly slots: readonly DeclaredSlot[];
  readonly layers: readonly Layer[];
}

function groupsOf({ slots }: Config, machines: MachineSettings): readonly SlotGroup[] {
  const groups = new Map<string, { slots: DeclaredSlot[]; layers: readonly Layer[] }>();
  for (const slot of slots) {
    const { reservation, profile, settings } = slot;
    const mac = reservation?.type === "mac" ? reservation.mac : null;
    const layers = [machines.ofSlots.get(slotIdOf(slot.address)), mac === null ? undefined : machines.ofHosts.get(mac)];
    const type = reservation?.type === "server-type" ? reservation.serverType : null;
    const key = JSON.stringify([profile, settings?.path ?? null, mac, type]);
    const group = groups.get(key) ?? { slots: [], layers: layers.filter((layer) => layer !== undefined) };
    group.slots.push(slot);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function overlayOf({ layers }: SlotGroup, serverType: ServerType | null): Overlay {
  return { serverType, layers };
}

/** The type of every machine that may come here; undefined: that cannot be told. */
function certainType({ slots }: SlotGroup, machines: MachineSettings): ServerType | null | undefined {
  const reservation = slots[0]?.reservation ?? null;
  if (machines.serverTypes.length === 0) return null;
  if (reservation?.type === "server-type") return typeFor(machines, reservation.serverType);
  if (reservation?.type === "mac" && machines.assigned.has(reservation.mac))
    return typeFor(machines, machines.assigned.get(reservation.mac) ?? null);
  return undefined;
}

/** The types of machines that may come here, among them none. */
function typesFor(group: SlotGroup, machines: MachineSettings): readonly (ServerType | null)[] {
  const certain = certainType(group, machines);
  return certain === undefined ? [null, ...machines.serverTypes] : [certain];
}

function typeFor({ serverTypes }: MachineSettings, name: string | null): ServerType | null {
  return serverTypes.find((type) => type.name === name) ?? null;
}

function slotOfMac({ slots }: Config, mac: MacAddress): DeclaredSlot | undefined {
  return slots.find(({ reservation }) => reservation?.type === "mac" && reservation.mac === mac);
}

function used({ slots }: Config): ReadonlySet<ProfileName> {
  return new Set(slots.map(({ profile }) => profile as string as ProfileName));
}

/** What a machine's installer would refuse of this slot. */
function slotProblems(config: Config, slot: DeclaredSlot, profile: Profile): readonly Problem[] {
  const { address, hostname, diskSerials } = slot;
  const network = config.subnet.find((one) => isInSubnet(address, one.subnet)) ?? config.network;
  const { subnet, router, dns, domain } = network;
  const bootMac = "02:00:00:00:00:01" as MacAddress;
  const target = { address, subnet, router, domainNameServers: dns, hostname, domain, bootMac, diskSerials };
  const named = [
    ...(slot.boardSerial === null ? [] : ["board_serial"]),
    ...(diskSerials.length > 0 ? ["disk_serials"] : []),
  ];
  const message = `installers of the kind ${profile.kind} cannot be held to it; leave it out`;
  const unheard = profile.namesHardware ? [] : named.map((path) => ({ path, message }));
  const place = `slot ${address} with profile ${slot.profile}`;
  const found = [...profile.checkTarget(target), ...unheard];
  return inFile(
    config.file,
    found.map((problem) => ({ path: place, message: `${problem.path}: ${problem.message}` })),
  );
}
