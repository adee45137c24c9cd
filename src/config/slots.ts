import { type Hostname, parseHostname } from "../net/hostname.ts";
import { type Ipv4Address, type Ipv4Subnet, ipv4Plus, isHostAddress } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { RelayPort } from "../net/relay-port.ts";
import type { Brand } from "../std/brand.ts";
import { nearest } from "../std/nearest.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import type { ConfigFile } from "./schema.ts";
import type { DeclaredServerType, PlacedSettings } from "./server-types.ts";
import { nameByType, numberedName, patternOfType } from "./slot-names.ts";
import { slotOrder } from "./slot-order.ts";

/** Addresses on the links of a cluster. */
export interface SlotLinks {
  readonly link0: Ipv4Address;
  /** null: one link only. */
  readonly link1: Ipv4Address | null;
}

/** A slot as the configuration declares it. The queue's type of the same name has the same shape, without the links. */
export interface DeclaredSlot extends SlotLinks {
  readonly id: Brand<string, "SlotId">;
  readonly address: Ipv4Address;
  readonly hostname: Hostname;
  readonly profile: Brand<string, "ProfileName">;
  readonly labels: readonly string[];
  /** null: for whoever comes first. */
  readonly reservation: SlotReservation | null;
  /** null: any. */
  readonly boardSerial: string | null;
  /** Empty: as the profile says. */
  readonly diskSerials: readonly string[];
  /** Settings of its profile that are others in it. Absent: none. Slots of one range share the same. */
  readonly settings?: PlacedSettings;
}

export type SlotReservation =
  | { readonly type: "mac"; readonly mac: MacAddress }
  | { readonly type: "port"; readonly port: RelayPort }
  | { readonly type: "server-type"; readonly serverType: string };

/** Where addresses may lie, and which of them are taken. */
export interface SlotNetwork {
  readonly subnet: Ipv4Subnet;
  readonly address: Ipv4Address;
  readonly router: Ipv4Address;
  /** Networks behind relays. */
  readonly relayed: readonly { readonly name: string; readonly subnet: Ipv4Subnet; readonly router: Ipv4Address }[];
}

/** `[[slot]]` and `[[slot_range]]` as one list, in the order of the file, which is the order of the queue. */
export function expandSlots(
  file: Pick<ConfigFile, "slot" | "slot_range">,
  text: string,
  network: SlotNetwork,
  types: readonly DeclaredServerType[] = [],
): Result<readonly DeclaredSlot[], readonly Problem[]> {
  const problems: Problem[] = [];
  const drafts: Draft[] = [];
  for (const { type, index } of slotOrder(text, { slot: file.slot.length, slot_range: file.slot_range.length })) {
    const made =
      type === "slot" ? fromSlot(file.slot, index, types) : fromRange(file.slot_range, index, network, types);
    if (made.ok) drafts.push(...made.value);
    else problems.push(...made.error);
  }
  problems.push(...drafts.flatMap((draft) => addressProblems(draft, network)));
  problems.push(...repeated(drafts, "addressPath", "address", ({ slot }) => slot.address));
  problems.push(...repeated(drafts, "hostnamePath", "hostname", ({ slot }) => slot.hostname));
  problems.push(
    ...repeated(drafts, "macPath", "MAC address", ({ slot }) =>
      slot.reservation?.type === "mac" ? slot.reservation.mac : null,
    ),
    ...repeated(drafts, "macPath", "port", ({ slot }) =>
      slot.reservation?.type === "port" ? slot.reservation.port : null,
    ),
  );
  return problems.length > 0 ? err(problems) : ok(drafts.map(({ slot }) => slot));
}

/** Slots whose profile does not exist. `names`: those that do. */
export function missingProfiles(
  file: Pick<ConfigFile, "slot" | "slot_range">,
  names: ReadonlySet<string>,
): readonly Problem[] {
  const missing = (entries: readonly { readonly profile: string }[], type: string) =>
    entries.flatMap(({ profile }, index) =>
      names.has(profile)
        ? []
        : [
            {
              path: `${type}[${index}].profile`,
              message: `there is no profile "${profile}"${suggestion(profile, names)}`,
            },
          ],
    );
  return [...missing(file.slot, "slot"), ...missing(file.slot_range, "slot_range")];
}

function suggestion(profile: string, names: ReadonlySet<string>): string {
  if (names.size === 0) return "; the folder of profiles holds none";
  const near = nearest(profile, names);
  return near === null ? `; there are: ${[...names].sort().join(", ")}` : `; did you mean "${near}"?`;
}

/** A slot and where in the file its parts stand. */
interface Draft {
  readonly slot: DeclaredSlot;
  readonly addressPath: string;
  readonly hostnamePath: string;
  readonly macPath: string;
}

function fromSlot(
  entries: ConfigFile["slot"],
  index: number,
  types: readonly DeclaredServerType[],
): Result<readonly Draft[], readonly Problem[]> {
  const entry = entries[index];
  if (entry === undefined) return ok([]);
  const path = `slot[${index}]`;
  const kept = (["mac", "port", "server_type"] as const).filter((key) => entry[key] !== undefined);
  if (kept.length > 1) {
    const message = `expected mac, port or server_type, found ${kept.join(" and ")}: a slot is kept for one of them`;
    return err([{ path, message }]);
  }
  const hostname = entry.hostname === undefined ? nameByType(entry, path, types) : ok(entry.hostname);
  if (!hostname.ok) return err([hostname.error]);
  const draft = {
    slot: declare(entry.ip, hostname.value, entry, placed(entry, path)),
    addressPath: `${path}.ip`,
    hostnamePath: `${path}.hostname`,
    macPath: `${path}.${kept[0] ?? "mac"}`,
  };
  return ok([draft]);
}

function fromRange(
  entries: ConfigFile["slot_range"],
  index: number,
  network: SlotNetwork,
  types: readonly DeclaredServerType[],
): Result<readonly Draft[], readonly Problem[]> {
  const entry = entries[index];
  if (entry === undefined) return ok([]);
  const path = `slot_range[${index}]`;
  const last = ipv4Plus(entry.first, entry.count - 1);
  const inside = [network, ...network.relayed].find(({ subnet }) => isHostAddress(entry.first, subnet));
  if (inside === undefined || !isHostAddress(last, inside.subnet)) {
    const where = inside?.subnet ?? subnetList(network);
    return err([{ path, message: `expected all addresses inside ${where}, found ${entry.first} to ${last}` }]);
  }
  const pattern = entry.hostname === undefined ? patternOfType(entry, path, types) : ok(entry.hostname);
  if (!pattern.ok) return err([pattern.error]);
  const settings = placed(entry, path);
  const drafts: Draft[] = [];
  for (let at = 0; at < entry.count; at++) {
    const text = numberedName(pattern.value, entry.first_number + at);
    const hostname = parseHostname(text);
    if (!hostname.ok) {
      const message = `expected a pattern that makes host names, but number ${entry.first_number + at} is ${JSON.stringify(text)}`;
      return err([{ path: `${path}.hostname`, message }]);
    }
    drafts.push({
      slot: declare(
        ipv4Plus(entry.first, at),
        hostname.value,
        {
          ...entry,
          link0: entry.link0 && ipv4Plus(entry.link0, at),
          link1: entry.link1 && ipv4Plus(entry.link1, at),
        },
        settings,
      ),
      addressPath: path,
      hostnamePath: `${path}.hostname`,
      macPath: path,
    });
  }
  return ok(drafts);
}

function declare(
  address: Ipv4Address,
  hostname: Hostname,
  entry: SlotEntry,
  settings: PlacedSettings | null,
): DeclaredSlot {
  // A slot is known by its address, and the schema has checked the form of the profile's name.
  return {
    id: address as string as DeclaredSlot["id"],
    address,
    hostname,
    profile: entry.profile as DeclaredSlot["profile"],
    labels: entry.labels,
    reservation: reservationOf(entry),
    link0: entry.link0 ?? address,
    link1: entry.link1 ?? null,
    boardSerial: entry.board_serial ?? null,
    diskSerials: entry.disk_serials ?? [],
    ...(settings === null ? {} : { settings }),
  };
}

function placed({ settings }: SlotEntry, path: string): PlacedSettings | null {
  return settings === undefined ? null : { path: `${path}.settings`, values: settings };
}

/** What an entry for one slot and one for several have in common. */
interface SlotEntry {
  readonly profile: string;
  readonly labels: readonly string[];
  readonly mac?: MacAddress | undefined;
  readonly port?: RelayPort | undefined;
  readonly server_type?: string | undefined;
  readonly link0?: Ipv4Address | undefined;
  readonly link1?: Ipv4Address | undefined;
  readonly board_serial?: string | undefined;
  readonly disk_serials?: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
}

function reservationOf(entry: SlotEntry): SlotReservation | null {
  if (entry.mac !== undefined) return { type: "mac", mac: entry.mac };
  if (entry.port !== undefined) return { type: "port", port: entry.port };
  return entry.server_type === undefined ? null : { type: "server-type", serverType: entry.server_type };
}

function addressProblems({ slot, addressPath }: Draft, network: SlotNetwork): Problem[] {
  const problem = (message: string) => [{ path: addressPath, message: `${message}, found ${slot.address}` }];
  if (isHostAddress(slot.address, network.subnet)) {
    if (slot.address === network.address) return problem("expected another address than our own (network.address)");
    if (slot.address === network.router) return problem("expected another address than the router's (network.router)");
    return [];
  }
  const behind = network.relayed.find(({ subnet }) => isHostAddress(slot.address, subnet));
  if (behind === undefined) return problem(`expected the address of a host in ${subnetList(network)}`);
  if (slot.address === behind.router) return problem(`expected another address than the router's of ${behind.name}`);
  return [];
}

/** `10.11.0.0/22 or 10.12.0.0/24` */
function subnetList({ subnet, relayed }: SlotNetwork): string {
  return [subnet, ...relayed.map((other) => other.subnet)].join(" or ");
}

function repeated(
  drafts: readonly Draft[],
  path: "addressPath" | "hostnamePath" | "macPath",
  what: string,
  pick: (draft: Draft) => string | null,
): Problem[] {
  const first = new Map<string, Draft>();
  return drafts.flatMap((draft) => {
    const value = pick(draft);
    if (value === null) return [];
    const before = first.get(value);
    if (before === undefined) {
      first.set(value, draft);
      return [];
    }
    return [{ path: draft[path], message: `the ${what} ${value} is taken already by ${before[path].split(".")[0]}` }];
  });
}
