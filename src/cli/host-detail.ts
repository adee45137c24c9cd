import type { HostDetailView, HostView, InventoryView } from "../http/contract.ts";
import { renderFootprint } from "./lists.ts";
import { renderOperations } from "./operation-lines.ts";
import { indented, oneLine, renderFacts } from "./table.ts";
import { ago, formatSize, formatTime, nameOf, noteOf } from "./words.ts";

/** `bootqueue show HOST`. */
export function renderHostDetail(host: HostDetailView, now: number): string {
  const note = noteOf(host, now);
  const sections = [
    `${nameOf(host)}: ${host.state} for ${ago(host.since, now)}${note === "" ? "" : ` (${oneLine(note)})`}\n`,
    host.story === "" ? "" : `${host.story.trimEnd()}\n`,
    renderFacts(identityFacts(host, typeWords(host))),
    host.inventory === null ? "" : `Inventory\n${renderFacts(inventoryFacts(host.inventory), "  ")}`,
    renderOperations(host.operations, now),
    passages(host),
    host.footprints.length === 0
      ? ""
      : `Timeline\n${host.footprints
          .slice(-SHOWN_MAX)
          .map((footprint) => `  ${renderFootprint(footprint)}`)
          .join("")}`,
    host.answerPreview === null ? "" : `Answer file, secrets masked\n${indented(host.answerPreview)}`,
  ];
  return sections.filter((section) => section !== "").join("\n");
}

const SHOWN_MAX = 40;

/** Who it is: for `show`, and for the question before something is wiped. */
export function identityFacts(
  host: HostView,
  type: string | null = host.serverType,
): readonly (readonly [string, string])[] {
  const { slot } = host;
  const facts: (readonly [string, string])[] = [
    ["host", host.id],
    [
      "addresses",
      host.macs.map((mac) => (mac === host.bootMac && host.macs.length > 1 ? `${mac} (boots)` : mac)).join(", "),
    ],
    ["uuid", host.uuid ?? "none"],
    ["slot", slot === null ? "none" : `${slot.number}, ${slot.address}, ${slot.hostname}, profile ${slot.profile}`],
  ];
  if (host.hold !== null)
    facts.push(["held", `${host.hold.changes}; \`bootqueue approve\` lets exactly this machine in`]);
  if (host.dhcp !== null) facts.push(["dhcp", `${host.dhcp}, whatever the configuration says`]);
  if (type !== null) facts.push(["type", type]);
  if (host.attempts > 0) facts.push(["answers", `${host.attempts} served for this install`]);
  return facts;
}

/** `ms-01, Minisforum MS-01, GPU A2`; null: of no type. */
function typeWords({ machineType, serverType }: HostDetailView): string | null {
  if (machineType === null) return serverType;
  const { name, displayName, gpu } = machineType;
  const parts = [name, displayName, gpu === "" ? null : gpu === "yes" ? "with a GPU" : `GPU ${gpu}`];
  return oneLine(parts.filter((part) => part !== null).join(", "));
}

/** What is in it, as the installer reported. */
export function inventoryFacts(inventory: InventoryView): readonly (readonly [string, string])[] {
  const { board, cpu } = inventory;
  const facts: readonly (readonly [string, string | null])[] = [
    ["machine", board.product],
    ["serial", board.serial],
    ["board", board.boardSerial],
    ["cpu", cpu && `${cpu.model}, ${cpu.sockets} × ${cpu.cores} cores, ${cpu.cpus} threads`],
    ["disks", inventory.disks.map(diskWords).join("\n")],
    [
      "network",
      inventory.nics.map((nic) => words([nic.name, nic.mac, nic.address, nic.isManagement && "(ours)"])).join("\n"),
    ],
    ["system", words([inventory.system, inventory.kernel && `kernel ${inventory.kernel}`])],
    ["name", inventory.fqdn],
    ["boots by", words([inventory.bootMode, inventory.secureBoot && "with Secure Boot"])],
    ["filesystem", inventory.filesystem],
    ["host keys", Object.values(inventory.sshHostKeys).join("\n")],
  ];
  return facts.flatMap(([name, value]) => (value ? [[name, value.split("\n").map(oneLine).join("\n")] as const] : []));
}

/** `/dev/sda  Samsung PM883, serial S4XA, 480 GB (boots)` */
function diskWords(disk: InventoryView["disks"][number]): string {
  return words([
    disk.device,
    disk.model,
    disk.serial && `serial ${disk.serial}`,
    formatSize(disk.sizeBytes),
    disk.isBootDisk && "(boots)",
  ]);
}

function words(parts: readonly (string | null | false)[]): string {
  return parts.filter(Boolean).join(" ");
}

function passages(host: HostView): string {
  if (host.passages.length === 0) return "";
  const facts = host.passages.slice(-SHOWN_MAX).map(({ state, at, reason }) => {
    const why = reason === "" ? "" : `, ${oneLine(reason)}`;
    return [formatTime(at), `${state}${why}`] as const;
  });
  return `How it came here\n${renderFacts(facts, "  ")}`;
}
