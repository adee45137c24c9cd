import { z } from "zod";
import { isUnicastMac, type MacAddress, parseMacAddress } from "../net/mac-address.ts";
import { parseSystemUuid } from "../net/system-uuid.ts";
import type { Inventory, InventoryCpu, InventoryDisk, InventoryNic } from "../queue/inventory.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import type { AnswerRequest, InstallReport } from "./kind.ts";

/**
 * Who asks for an answer: the JSON that `proxmox-fetch-answer` posts (schema 1.0; 8.2 sends no `$schema`). Only a body
 * without any hardware address is refused; whatever else is missing or damaged counts as not said.
 */
export function readAnswerRequest(body: unknown): Result<AnswerRequest, readonly Problem[]> {
  const request = RequestBody.safeParse(body);
  if (!request.success) return err([notAnObject("the installer's description of its machine")]);
  const { product, iso, dmi, network_interfaces } = request.data;
  // A bond or a bridge of the live system has an address that may be made up anew at each boot.
  const cards = network_interfaces.filter(({ link }) => link === null || !VIRTUAL_LINK.test(link));
  const macs = unicastMacs(cards.map(({ mac }) => mac));
  if (macs.length === 0) {
    return err([{ path: "network_interfaces", message: "expected at least one NIC with a MAC address, found none" }]);
  }
  return ok({
    macs,
    uuid: dmi.system.uuid === null ? null : parseSystemUuid(dmi.system.uuid),
    serial: genuine(dmi.system.serial),
    boardSerial: genuine(dmi.baseboard.serial),
    nics: macs,
    product: genuine(dmi.system.name),
    release: iso.release,
    ...(product.product === null ? {} : { installer: product.product }),
  });
}

/** What `proxmox-post-hook` posts at the end (schemas 1.0 to 1.2). 9.2.5 and later write `unknown` for what they could not find. */
export function readInstallReport(body: unknown): Result<InstallReport, readonly Problem[]> {
  const parsed = ReportBody.safeParse(body);
  if (!parsed.success) return err([notAnObject("the installer's report")]);
  const report = parsed.data;
  return ok({
    macs: unicastMacs(report["network-interfaces"].map(({ mac }) => mac)),
    uuid: report.dmi.system.uuid === null ? null : parseSystemUuid(report.dmi.system.uuid),
    serial: genuine(report.dmi.system.serial),
    token: report.token,
    inventory: inventoryOf(report),
  });
}

function notAnObject(what: string): Problem {
  return { path: "", message: `expected ${what}, a JSON object` };
}

/** Most entries that are looked at: a machine has fewer, and a hostile body may have a million. */
const ENTRIES_MAX = 256;

const TEXT_MAX = 1000;

/**
 * A text in one line; null: missing, empty, of another type, or `unknown`. Without `catch`, because most requests lack some
 * of them, and each fault that zod catches costs more than the rest of its reading.
 */
const text = z.transform((value: unknown): string | null => {
  if (typeof value !== "string") return null;
  const line = value
    .slice(0, TEXT_MAX)
    .replaceAll(/\p{Cc}+/gu, " ")
    .trim();
  return line === "" || line.toLowerCase() === "unknown" ? null : line;
});

/** 0: unknown. */
const count = z.int().min(0).catch(0);
const flag = z.boolean().catch(false);
const properties = z.record(z.string(), z.unknown()).catch({});

/** A table of which any part may be missing; no table at all counts as an empty one. */
function table<Shape extends z.ZodRawShape>(shape: Shape) {
  const object = z.object(shape);
  return z.preprocess((value) => (isTable(value) ? value : {}), object);
}

/** A list whose entries are tables; others are skipped. */
function tables<Shape extends z.ZodRawShape>(shape: Shape) {
  const entries = z.array(z.object(shape));
  return z.preprocess((value) => (Array.isArray(value) ? value.slice(0, ENTRIES_MAX).filter(isTable) : []), entries);
}

function isTable(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const dmi = table({ system: table({ uuid: text, serial: text, name: text }), baseboard: table({ serial: text }) });

const RequestBody = z.object({
  product: table({ product: text }),
  iso: table({ release: text }),
  dmi,
  network_interfaces: tables({ link: text, mac: text }),
});

const ReportBody = z.object({
  product: table({ fullname: text, version: text }),
  "kernel-version": table({ release: text }),
  "boot-info": table({ mode: z.enum(["bios", "efi"]).nullable().catch(null), secureboot: flag }),
  "cpu-info": table({ model: text, sockets: count, cores: count, cpus: count }),
  dmi,
  filesystem: text,
  fqdn: text,
  "machine-id": text,
  disks: tables({ "is-bootdisk": flag, "udev-properties": properties }),
  "network-interfaces": tables({ name: text, mac: text, address: text, "is-management": flag }),
  "ssh-public-host-keys": table({ ecdsa: text, ed25519: text, rsa: text }),
  token: text,
});

type ReportBody = z.infer<typeof ReportBody>;

function inventoryOf(report: ReportBody): Inventory {
  const { fullname, version } = report.product;
  return {
    system: fullname === null ? null : [fullname, version].filter((part) => part !== null).join(" "),
    fqdn: report.fqdn,
    kernel: report["kernel-version"].release,
    bootMode: report["boot-info"].mode,
    secureBoot: report["boot-info"].secureboot,
    filesystem: report.filesystem,
    machineId: report["machine-id"],
    cpu: cpuOf(report["cpu-info"]),
    board: {
      product: genuine(report.dmi.system.name),
      serial: genuine(report.dmi.system.serial),
      boardSerial: genuine(report.dmi.baseboard.serial),
    },
    disks: report.disks.map(diskOf),
    nics: report["network-interfaces"].flatMap(nicOf),
    sshHostKeys: hostKeys(report["ssh-public-host-keys"]),
  };
}

function cpuOf({ model, sockets, cores, cpus }: ReportBody["cpu-info"]): InventoryCpu | null {
  return model === null ? null : { model, sockets, cores, cpus };
}

function diskOf(disk: ReportBody["disks"][number]): InventoryDisk {
  const property = (name: string) => text.parse(disk["udev-properties"][name]);
  return {
    device: property("DEVNAME"),
    model: property("ID_MODEL"),
    serial: genuine(property("ID_SERIAL_SHORT") ?? property("ID_SERIAL")),
    // `size` is the chosen size of the installation and the same for every disk.
    sizeBytes: null,
    isBootDisk: disk["is-bootdisk"],
  };
}

function nicOf(nic: ReportBody["network-interfaces"][number]): InventoryNic[] {
  const [mac] = unicastMacs([nic.mac]);
  if (mac === undefined) return [];
  return [{ name: nic.name, mac, address: nic.address, isManagement: nic["is-management"] }];
}

function hostKeys(keys: ReportBody["ssh-public-host-keys"]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [type, line] of Object.entries(keys)) {
    if (line !== null && /^(ssh|ecdsa)-\S+ [A-Za-z0-9+/]+=*( .*)?$/.test(line)) found[type] = line;
  }
  return found;
}

const VIRTUAL_LINK =
  /^(bond|bonding|br|dummy|ifb|ip6?gre|ip6tnl|sit|tap|tun|veth|virbr|vlan|vmbr|wg|erspan|gretap|teql)\d*$/;

/** Each once. InfiniBand addresses of 20 octets, zeros and group addresses are left out: no machine boots by them. */
function unicastMacs(texts: readonly (string | null)[]): readonly MacAddress[] {
  const macs = new Set<MacAddress>();
  for (const each of texts) {
    const mac = each === null ? null : parseMacAddress(each);
    if (mac?.ok && isUnicastMac(mac.value)) macs.add(mac.value);
  }
  return [...macs];
}

/** null for what boards say when nobody filled the field in. */
function genuine(value: string | null): string | null {
  if (value === null || FILLERS.test(value) || /^(.)\1*$/.test(value)) return null;
  return value;
}

const FILLERS =
  /^(to be filled by o\.?e\.?m\.?|default string|system (serial number|product name)|serial number|o\.?e\.?m\.?|none|n\/?a|not (specified|available|applicable)|invalid|0?123456789(abcdef?)?|x{3,})$/i;
