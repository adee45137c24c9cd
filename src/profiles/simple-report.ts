import { isUnicastMac, type MacAddress, parseMacAddress } from "../net/mac-address.ts";
import type { Inventory } from "../queue/inventory.ts";
import type { Problem } from "../std/problem.ts";
import { ok, type Result } from "../std/result.ts";
import type { InstallProgress, InstallReport } from "./kind.ts";

/**
 * The report of a shell at the end of an install, all of it optional: fields `system`, `hostname`, `machine_id`, `kernel`,
 * `mac` (several), and `pub_key_ed25519`, `pub_key_ecdsa`, `pub_key_rsa` as cloud-init's `phone_home` names them. No body at
 * all is a report, too; that it came with the install's token is what counts.
 */
export function readSimpleReport(body: unknown): Result<InstallReport, readonly Problem[]> {
  const fields = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  return ok({
    macs: macsIn(fields.mac),
    uuid: null,
    token: null,
    inventory: {
      ...EMPTY_INVENTORY,
      system: line(fields.system),
      fqdn: line(fields.fqdn) ?? line(fields.hostname),
      kernel: line(fields.kernel),
      machineId: /^[0-9a-f]{32}$/.test(line(fields.machine_id) ?? "") ? line(fields.machine_id) : null,
      nics: macsIn(fields.mac).map((mac) => ({ name: null, mac, address: null, isManagement: false })),
      sshHostKeys: hostKeys(fields),
    },
  });
}

/** What a shell tells by the way: `step`, `outcome` and `text`; null: nothing that can be read. */
export function readSimpleProgress(body: unknown): InstallProgress | null {
  const { step, outcome, text } = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const name = line(step);
  const known = OUTCOMES.find((each) => each === outcome);
  return name === null || known === undefined
    ? null
    : { type: "step", step: name, outcome: known, text: line(text)?.slice(0, 400) ?? "" };
}

const OUTCOMES = ["started", "noted", "succeeded", "failed", "skipped"] as const;

/** What a phone-home tells of the installed system, such as cloud-init's form with the keys of its SSH server; null: nothing. */
export function phoneCallInventory(body: unknown): Inventory | null {
  const report = readSimpleReport(body);
  if (!report.ok) return null;
  const { inventory } = report.value;
  return inventory.machineId !== null || Object.keys(inventory.sshHostKeys).length > 0 ? inventory : null;
}

/** A report that says nothing but that it came. */
export const EMPTY_INVENTORY: Inventory = {
  system: null,
  fqdn: null,
  kernel: null,
  bootMode: null,
  secureBoot: false,
  filesystem: null,
  machineId: null,
  cpu: null,
  board: { product: null, serial: null, boardSerial: null },
  disks: [],
  nics: [],
  sshHostKeys: {},
};

/** In one line; null: missing, empty, no text, or what cloud-init writes for things that are not there. */
function line(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const text = value
    .slice(0, TEXT_MAX)
    .replaceAll(/\p{Cc}+/gu, " ")
    .trim();
  return text === "" || text === "N/A" ? null : text;
}

const TEXT_MAX = 4000;

function macsIn(value: unknown): readonly MacAddress[] {
  const texts = (Array.isArray(value) ? value : [value]).slice(0, MACS_MAX);
  const macs = texts.map((text) => parseMacAddress(typeof text === "string" ? text : ""));
  return [...new Set(macs.flatMap((mac) => (mac.ok && isUnicastMac(mac.value) ? [mac.value] : [])))];
}

const MACS_MAX = 64;

function hostKeys(fields: Readonly<Record<string, unknown>>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const type of ["ed25519", "ecdsa", "rsa"]) {
    const key = line(fields[`pub_key_${type}`]);
    if (key !== null && /^(ssh|ecdsa)-\S+ [A-Za-z0-9+/]+=*( .*)?$/.test(key)) found[type] = key;
  }
  return found;
}
