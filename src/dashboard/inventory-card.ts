import { createHash } from "node:crypto";
import type { Inventory, InventoryDisk } from "../queue/inventory.ts";
import { foreignText } from "./foreign-text.ts";
import { type Html, html, NOTHING } from "./html.ts";

/** What the installer reported of the machine. null: it has not reported yet. */
export function inventoryCard(inventory: Inventory | null): Html {
  if (inventory === null) {
    return html`<section id="inventory"><h2>Inventory</h2><p class="hint">The installer reports it when it has finished.</p></section>`;
  }
  return html`<section id="inventory">
    <h2>Inventory</h2>
    <dl class="facts-list">${factsOf(inventory).map(([name, value]) => html`<div><dt>${name}</dt><dd><bdi>${foreignText(value, 200)}</bdi></dd></div>`)}</dl>
    ${diskTable(inventory.disks)}
    ${nicTable(inventory)}
    ${hostKeys(inventory)}
  </section>`;
}

function factsOf(inventory: Inventory): readonly (readonly [string, string])[] {
  const { cpu, board } = inventory;
  const facts: (readonly [string, string | null])[] = [
    ["System", inventory.system],
    ["Name", inventory.fqdn],
    ["Kernel", inventory.kernel],
    [
      "Booted by",
      inventory.bootMode === null
        ? null
        : `${BOOT_MODES[inventory.bootMode]}${inventory.secureBoot ? ", Secure Boot" : ""}`,
    ],
    ["File system", inventory.filesystem],
    ["CPU", cpu && `${cpu.model}, ${cpu.sockets} × ${cpu.cores / Math.max(1, cpu.sockets)} cores, ${cpu.cpus} threads`],
    ["Board", board.product],
    ["Serial number", board.serial],
    ["Board's serial number", board.boardSerial],
    ["Machine id", inventory.machineId],
  ];
  return facts.filter((fact): fact is readonly [string, string] => fact[1] !== null);
}

const BOOT_MODES = { bios: "BIOS", efi: "UEFI" } as const;

/** The disks, the one that the system is on marked. */
export function diskTable(disks: readonly InventoryDisk[], caption = "Disks"): Html {
  if (disks.length === 0) return NOTHING;
  return html`<div class="scroll"><table>
    <caption>${caption}</caption>
    <thead><tr><th scope="col">Device</th><th scope="col">Model</th><th scope="col">Serial</th><th scope="col" class="number">Size</th></tr></thead>
    <tbody>${disks.map(
      (disk) => html`<tr>
        <th scope="row" class="code">${foreignText(disk.device ?? "unknown", 60)}${disk.isBootDisk ? html` <span class="tag">boot disk</span>` : NOTHING}</th>
        <td><bdi>${foreignText(disk.model ?? "", 80)}</bdi></td>
        <td class="code"><bdi>${foreignText(disk.serial ?? "", 80)}</bdi></td>
        <td class="number">${disk.sizeBytes === null ? "" : formatSize(disk.sizeBytes)}</td>
      </tr>`,
    )}</tbody>
  </table></div>`;
}

function nicTable({ nics }: Inventory): Html {
  if (nics.length === 0) return NOTHING;
  return html`<div class="scroll"><table>
    <caption>Network cards</caption>
    <thead><tr><th scope="col">Name</th><th scope="col">Hardware address</th><th scope="col">Address</th></tr></thead>
    <tbody>${nics.map(
      (nic) => html`<tr>
        <th scope="row" class="code">${foreignText(nic.name ?? "unknown", 40)}${nic.isManagement ? html` <span class="tag">management</span>` : NOTHING}</th>
        <td class="code">${nic.mac}</td>
        <td class="code">${foreignText(nic.address ?? "", 60)}</td>
      </tr>`,
    )}</tbody>
  </table></div>`;
}

function hostKeys({ sshHostKeys }: Inventory): Html {
  const keys = Object.entries(sshHostKeys);
  if (keys.length === 0) return NOTHING;
  return html`<div class="scroll"><table>
    <caption>SSH host keys</caption>
    <thead><tr><th scope="col">Type</th><th scope="col">Fingerprint</th></tr></thead>
    <tbody>${keys.map(
      ([type, line]) =>
        html`<tr><th scope="row">${foreignText(type, 40)}</th><td class="code fingerprint">${fingerprintOf(line)}</td></tr>`,
    )}</tbody>
  </table></div>`;
}

/** As `ssh-keygen -l` prints it: the SHA-256 of the key's blob (RFC 4253 §6.6) in base64 without padding. */
export function fingerprintOf(publicKeyLine: string): string {
  const blob = publicKeyLine
    .trim()
    .split(/\s+/)
    .find((word) => /^AAAA[A-Za-z0-9+/]+={0,2}$/.test(word));
  if (blob === undefined) return "unreadable";
  return `SHA256:${createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "")}`;
}

/** As on the label of the disk, in powers of ten: `480 GB`. */
export function formatSize(sizeBytes: number): string {
  const unit = UNITS.find(({ bytes }) => sizeBytes >= bytes) ?? { bytes: 1, name: "B" };
  const value = sizeBytes / unit.bytes;
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit.name}`;
}

const UNITS = [
  { bytes: 1e12, name: "TB" },
  { bytes: 1e9, name: "GB" },
  { bytes: 1e6, name: "MB" },
];
