import type {
  FootprintView,
  HostStateName,
  HostView,
  LeasesView,
  LeaseView,
  RegistrationsView,
  SlotStateName,
  SlotView,
  StatusView,
  TlsView,
} from "../http/contract.ts";
import { type Column, oneLine, renderFacts, renderTable } from "./table.ts";
import { ago, formatDuration, formatTime, holderOf, nameOf, noteOf } from "./words.ts";

/** `bootqueue status`. */
export function renderStatus(status: StatusView): string {
  const total = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((sum, n) => sum + n, 0);
  const facts = renderFacts([
    ["version", `${status.version}, DHCP ${status.mode}`],
    ["running", `${formatDuration(status.uptimeSeconds * 1000)}, since ${formatTime(status.startedAt)} UTC`],
    ["queue", status.paused ? "paused" : "open"],
    ["slots", counted<SlotStateName>(total(status.slots), status.slots)],
    ["hosts", counted<HostStateName>(total(status.hosts), status.hosts)],
    ...status.listen.map(({ what, address }) => [what, address] as const),
    ...(status.tls === null ? [] : tlsFacts(status.tls)),
  ]);
  const warnings = status.warnings.map((warning) => `warning: ${oneLine(warning)}\n`).join("");
  return facts + (warnings === "" ? "" : `\n${warnings}`);
}

function tlsFacts({ fingerprint, kept }: TlsView): readonly (readonly [string, string])[] {
  const before = kept.map(
    ({ hosts }) => `; ${hosts.join(", ")} still ${hosts.length === 1 ? "meets" : "meet"} one before`,
  );
  return [["certificate", `${fingerprint}${before.join("")}`]];
}

/** `4: 2 assigned, 1 held, 1 available` */
function counted<Name extends string>(total: number, counts: Readonly<Record<Name, number>>): string {
  const parts = (Object.entries(counts) as [Name, number][])
    .filter(([, n]) => n > 0)
    .map(([name, n]) => `${n} ${name}`);
  return parts.length === 0 ? "none" : `${total}: ${parts.join(", ")}`;
}

/** `bootqueue slots`. */
export function renderSlots(slots: readonly SlotView[], now: number, width: number | null): string {
  if (slots.length === 0) return "no slots; add [[slot]] or [[slot_range]] to the configuration\n";
  const columns: readonly Column<SlotView>[] = [
    { title: "#", cell: (slot) => String(slot.number), right: true },
    { title: "ADDRESS", cell: (slot) => slot.address },
    { title: "HOSTNAME", cell: (slot) => slot.hostname, shrinks: true },
    { title: "PROFILE", cell: (slot) => slot.profile, shrinks: true, leaves: 1 },
    { title: "STATE", cell: (slot) => slot.state },
    { title: "FOR", cell: (slot) => (slot.since === null ? "" : ago(slot.since, now)), leaves: 2 },
    { title: "HOST", cell: holderOf, leaves: 3 },
    { title: "NOTE", cell: (slot) => slotNote(slot, now), shrinks: true },
  ];
  return renderTable(columns, slots, width);
}

function slotNote(slot: SlotView, now: number): string {
  if (!slot.declared) return "gone from the configuration";
  if (slot.until !== null) return `held for ${formatDuration(Date.parse(slot.until) - now)} more`;
  return slot.reason;
}

/** `bootqueue registrations`. */
export function renderRegistrations({ registrations }: RegistrationsView, width: number | null): string {
  if (registrations.length === 0) return "nobody was to be told of any machine\n";
  const columns: readonly Column<RegistrationsView["registrations"][number]>[] = [
    { title: "REGISTRATION", cell: ({ registration }) => registration },
    { title: "HOST", cell: ({ host }) => host },
    { title: "STATE", cell: ({ state }) => state },
    { title: "AT", cell: ({ at }) => formatTime(at), leaves: 1 },
    { title: "FAILED", cell: ({ attempts }) => (attempts ? String(attempts) : ""), right: true, leaves: 2 },
    { title: "NOTE", cell: ({ words }) => words, shrinks: true },
  ];
  return renderTable(columns, registrations, width);
}

/** `bootqueue leases`. */
export function renderLeases({ pool, leases }: LeasesView, width: number | null): string {
  if (pool === null) return "no pool; add [pool] to the configuration for clients that do not boot from the network\n";
  const columns: readonly Column<LeaseView>[] = [
    { title: "ADDRESS", cell: (lease) => lease.address },
    { title: "MAC", cell: (lease) => lease.mac },
    { title: "STATE", cell: (lease) => lease.state },
    { title: "SINCE", cell: (lease) => (lease.since === null ? "" : formatTime(lease.since)), leaves: 1 },
    { title: "UNTIL", cell: (lease) => (lease.until === null ? "" : formatTime(lease.until)) },
  ];
  const head = `${pool.first} to ${pool.last}: ${pool.free} of ${pool.size} free\n`;
  return leases.length === 0 ? head : head + renderTable(columns, leases, width);
}

/** `bootqueue hosts`. */
export function renderHosts(hosts: readonly HostView[], now: number, width: number | null): string {
  if (hosts.length === 0) return "no hosts yet; a machine that boots from the network appears here\n";
  const columns: readonly Column<HostView>[] = [
    { title: "#", cell: (host) => (host.slot === null ? "" : String(host.slot.number)), right: true },
    { title: "NAME", cell: nameOf, shrinks: true },
    { title: "ADDRESS", cell: (host) => host.slot?.address ?? "", leaves: 2 },
    { title: "STATE", cell: (host) => host.state },
    { title: "FOR", cell: (host) => ago(host.since, now) },
    { title: "MAC", cell: (host) => host.bootMac, leaves: 1 },
    { title: "NOTE", cell: (host) => noteOf(host, now), shrinks: true },
  ];
  return renderTable(columns, hosts, width);
}

/** One line of a timeline: `2026-11-20 12:03:07  52:54:00:00:00:01  dhcp  answered  OFFER 10.11.0.2` */
export function renderFootprint(footprint: FootprintView): string {
  const times = footprint.count > 1 ? ` (${footprint.count} times)` : "";
  const why = footprint.why === "" ? "" : `: ${footprint.why}`;
  const who = footprint.mac ?? "-";
  const words = [formatTime(footprint.last), who.padEnd(17), footprint.road.padEnd(8), footprint.outcome.padEnd(8)];
  return `${words.join("  ")}  ${oneLine(footprint.what + why)}${times}\n`;
}
