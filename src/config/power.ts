import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { broadcastAddress, type Ipv4Address, type Ipv4Subnet, isInSubnet } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import { oneOf, parsedText, textLike, whole } from "../std/field.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import * as field from "./fields.ts";

/** How the power of machines is switched: what is written in the file, what is wrong with it, and what follows from it. */

const bmcUrl = parsedText(
  "https address",
  "the https address of a BMC without a path such as https://10.0.9.5",
  parseBmcUrl,
);

const bmcAddress = textLike(
  "address",
  "the address or name of a BMC such as 10.0.9.5",
  /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/,
);

const fingerprint = parsedText(
  "SHA-256 fingerprint",
  "the SHA-256 fingerprint of a certificate: 32 pairs of hexadecimal digits",
  (text): Result<string, "not-a-fingerprint"> => {
    const digits = text.replaceAll(/[\s:]/g, "").toUpperCase();
    return /^[0-9A-F]{64}$/.test(digits) ? ok(digits.replaceAll(/(..)(?=.)/g, "$1:")) : err("not-a-fingerprint");
  },
);

const userName = textLike("user", "a user name of 1 to 64 printable characters", /^[\x21-\x7e]{1,64}$/);

const networkBoot = oneOf(["auto", "uefi", "legacy", "uefi-http", "unchanged"]);

/** Of one machine; what may be left out can stand in `[power]` for all. */
const OWN_KEYS = {
  type: oneOf(["redfish", "ipmi", "wake-on-lan"]).default("redfish").describe("How its power is switched."),
  url: bmcUrl.optional().describe("Redfish: where its BMC is."),
  address: bmcAddress.optional().describe("IPMI: where its BMC is."),
  fingerprint: fingerprint
    .optional()
    .describe("Redfish: SHA-256 of the BMC's certificate. With it, neither its dates nor its names matter."),
  system: textLike("system", "the id, UUID or serial number of a system", /^[\x20-\x7e]{1,128}$/)
    .optional()
    .describe("Redfish: id, UUID or serial number of its system, where the BMC has several."),
  check_identity: z
    .boolean()
    .default(true)
    .describe(
      "false: `system` is switched even if its UUID or serial number is not the machine's. For BMCs that say the wrong ones.",
    ),
  broadcast: field.ipv4Address.optional().meta({
    description: "Wake-on-LAN: where the packets go.",
    "x-default": "the broadcast address of the boot network",
  }),
  user: userName.optional().meta({ description: "On the BMC.", "x-default": "`power.user`" }),
  password_file: field.absolutePath.optional().meta({
    description: "A file with the password, mode 0600. Read each time.",
    "x-default": "`power.password_file`",
  }),
  ca_file: field.absolutePath.optional().meta({
    description: "PEM file of the authority of its certificate, in place of `fingerprint`.",
    "x-default": "`power.ca_file`",
  }),
  boot: networkBoot.optional().meta({
    description:
      "How it is made to boot from the network: PXE in the mode that it is in, in UEFI or in Legacy mode, UEFI HTTP boot, or not at all, because it tries the network first anyway.",
    "x-default": "`power.boot`",
  }),
};

/** As a slot has it. */
export const PowerEntry = z.strictObject(OWN_KEYS);
type PowerEntry = z.infer<typeof PowerEntry>;

const PowerHostEntry = z.strictObject({
  mac: field.unicastMac.describe("A hardware address of the machine."),
  ...OWN_KEYS,
});

export const PowerSection = z.strictObject({
  user: userName.optional().describe("On all BMCs that have no other."),
  password_file: field.absolutePath.optional().describe("Its password: one line in a file of mode 0600."),
  ca_file: field.absolutePath.optional().describe("PEM file of the authority that signed the BMCs' certificates."),
  boot: networkBoot.default("auto").describe("How machines are made to boot from the network; see `[slot.power]`."),
  request_seconds: whole(2, 300).default(30).describe("How long a BMC may take for one answer."),
  switch_seconds: whole(5, 900)
    .default(120)
    .describe("How long a machine may take to be on or off after it was told so."),
  shutdown_seconds: whole(0, 3600)
    .default(120)
    .describe("How long its system may take to shut down before it is switched off."),
  cycle_stuck: z
    .boolean()
    .default(false)
    .describe(
      "true: a machine that did not come as far as its installer in time (`pxe_ready`, `pxe_booted`) is restarted once, before it counts as failed.",
    ),
  host: z
    .array(PowerHostEntry)
    .prefault([])
    .describe("The power of one machine, whatever its slot. Goes before `power` of the slot."),
});

interface PowerFile {
  readonly power: z.infer<typeof PowerSection>;
  readonly slot: readonly { readonly ip: Ipv4Address; readonly power?: PowerEntry | undefined }[];
}

/** The power room's settings have the same shape. */
export type PowerSettings =
  | {
      readonly type: "redfish";
      readonly url: string;
      readonly user: string;
      readonly passwordFile: string;
      readonly trust:
        | { readonly type: "fingerprint"; readonly sha256: string }
        | { readonly type: "ca"; readonly file: string };
      readonly system: string | null;
      readonly checkIdentity: boolean;
      readonly boot: z.infer<typeof networkBoot>;
      readonly limits: PowerLimits;
    }
  | {
      readonly type: "ipmi";
      readonly address: string;
      readonly user: string;
      readonly passwordFile: string;
      readonly boot: z.infer<typeof networkBoot>;
      readonly limits: PowerLimits;
    }
  | { readonly type: "wake-on-lan"; readonly broadcast: Ipv4Address };

interface PowerLimits {
  readonly requestMs: number;
  readonly switchMs: number;
  readonly shutdownMs: number;
}

/** Whose power can be switched, and how. */
export interface PowerTargets {
  /** By the address of the slot: of whichever machine has it. */
  readonly slots: ReadonlyMap<Ipv4Address, PowerSettings>;
  readonly hosts: ReadonlyMap<MacAddress, PowerSettings>;
}

/** Everything with its defaults filled in, or all that is missing or does not fit together. */
export function powerTargets(
  file: PowerFile,
  boot: Ipv4Subnet,
  others: readonly Ipv4Subnet[],
): Result<PowerTargets, readonly Problem[]> {
  const problems: Problem[] = [];
  const slots = new Map<Ipv4Address, PowerSettings>();
  const hosts = new Map<MacAddress, PowerSettings>();
  for (const [index, { ip, power }] of file.slot.entries()) {
    if (power === undefined) continue;
    const subnet = [boot, ...others].find((each) => isInSubnet(ip, each)) ?? boot;
    const settings = settingsOf(power, file.power, subnet, `slot[${index}].power`);
    if (settings.ok) slots.set(ip, settings.value);
    else problems.push(...settings.error);
  }
  for (const [index, entry] of file.power.host.entries()) {
    const path = `power.host[${index}]`;
    const settings = settingsOf(entry, file.power, boot, path);
    if (hosts.has(entry.mac)) problems.push({ path: `${path}.mac`, message: `${entry.mac} is given twice` });
    if (settings.ok) hosts.set(entry.mac, settings.value);
    else problems.push(...settings.error);
  }
  problems.push(...sameSystem([...slots], "slot"), ...sameSystem([...hosts], "power.host"));
  return problems.length > 0 ? err(problems) : ok({ slots, hosts });
}

/** Two machines cannot be the same system of the same BMC. */
function sameSystem(targets: readonly (readonly [name: string, settings: PowerSettings])[], path: string): Problem[] {
  const first = new Map<string, string>();
  return targets.flatMap(([name, settings]) => {
    if (settings.type !== "redfish" || settings.system === null) return [];
    const system = `${settings.system} of ${settings.url}`;
    const before = first.get(system);
    first.set(system, before ?? name);
    return before === undefined
      ? []
      : [{ path, message: `system ${system} is given twice: for ${before} and ${name}` }];
  });
}

function settingsOf(
  entry: PowerEntry,
  common: PowerFile["power"],
  subnet: Ipv4Subnet,
  path: string,
): Result<PowerSettings, readonly Problem[]> {
  const { type } = entry;
  const problems: Problem[] = [];
  const foreign = (Object.keys(entry) as (keyof typeof OWN_KEYS)[]).filter(
    (key) => entry[key] !== undefined && KEYS_OF[key] !== undefined && !KEYS_OF[key].includes(type),
  );
  for (const key of foreign)
    problems.push({ path: `${path}.${key}`, message: `there is no ${key} with type "${type}"` });
  const need = (key: string, value: string | undefined, wanted: string): string => {
    if (value === undefined) problems.push({ path: `${path}.${key}`, message: `missing: expected ${wanted}` });
    return value ?? "";
  };
  if (type === "wake-on-lan") {
    return problems.length > 0 ? err(problems) : ok({ type, broadcast: entry.broadcast ?? broadcastAddress(subnet) });
  }
  const user = need("user", entry.user ?? common.user, "a user of the BMC, here or in [power]");
  const passwordFile = need(
    "password_file",
    entry.password_file ?? common.password_file,
    "a file with the password, here or in [power]",
  );
  const limits = {
    requestMs: common.request_seconds * 1000,
    switchMs: common.switch_seconds * 1000,
    shutdownMs: common.shutdown_seconds * 1000,
  };
  const shared = { user, passwordFile, boot: entry.boot ?? common.boot, limits };
  if (type === "ipmi") {
    const address = need("address", entry.address, "the address of the BMC such as 10.0.9.5");
    if (shared.boot === "uefi-http") {
      problems.push({
        path: `${path}.boot`,
        message: 'IPMI knows no HTTP boot; expected "auto", "uefi", "legacy" or "unchanged"',
      });
    }
    return problems.length > 0 ? err(problems) : ok({ type, address, ...shared });
  }
  const url = need("url", entry.url, "the https address of the BMC such as https://10.0.9.5");
  const file = entry.ca_file ?? common.ca_file;
  if (entry.fingerprint === undefined && file === undefined) {
    const host = url === "" ? "BMC:443" : new URL(url).host.replace(/^[^:]*$/, "$&:443");
    const message = `missing: expected the fingerprint of its certificate, or ca_file; \`openssl s_client -connect ${host} </dev/null | openssl x509 -noout -fingerprint -sha256\` shows it`;
    problems.push({ path: `${path}.fingerprint`, message });
  }
  if (!entry.check_identity && entry.system === undefined) {
    problems.push({
      path: `${path}.system`,
      message: "missing: expected the system that is switched without a check of its identity",
    });
  }
  if (problems.length > 0) return err(problems);
  const trust =
    entry.fingerprint === undefined
      ? ({ type: "ca", file: file ?? "" } as const)
      : ({ type: "fingerprint", sha256: entry.fingerprint } as const);
  return ok({ type, url, trust, system: entry.system ?? null, checkIdentity: entry.check_identity, ...shared });
}

/** Keys that mean something with some types only. */
const KEYS_OF: Partial<Record<keyof typeof OWN_KEYS, readonly PowerEntry["type"][]>> = {
  url: ["redfish"],
  address: ["ipmi"],
  fingerprint: ["redfish"],
  ca_file: ["redfish"],
  system: ["redfish"],
  broadcast: ["wake-on-lan"],
  user: ["redfish", "ipmi"],
  password_file: ["redfish", "ipmi"],
  boot: ["redfish", "ipmi"],
};

/** What is wrong with the files that the targets name. What is in them is never repeated. */
export async function powerFileProblems({ slots, hosts }: PowerTargets): Promise<readonly Problem[]> {
  const named = new Map<string, "password" | "certificate">();
  for (const settings of [...slots.values(), ...hosts.values()]) {
    if (settings.type === "wake-on-lan") continue;
    named.set(settings.passwordFile, "password");
    if (settings.type === "redfish" && settings.trust.type === "ca") named.set(settings.trust.file, "certificate");
  }
  const problems: Problem[] = [];
  for (const [file, kind] of named) {
    const fault = await faultOf(file, kind);
    if (fault !== null) problems.push({ path: "power", message: `${file}: ${fault}` });
  }
  return problems;
}

async function faultOf(file: string, kind: "password" | "certificate"): Promise<string | null> {
  try {
    const { mode } = await stat(file);
    if (kind === "password" && (mode & 0o077) !== 0) {
      const found = (mode & 0o777).toString(8).padStart(4, "0");
      return `expected mode 0600, found ${found}: others may read it; chmod 600 it`;
    }
    const text = await readFile(file, "utf8");
    if (kind === "certificate") {
      return text.includes("-----BEGIN CERTIFICATE-----") ? null : "expected a certificate in PEM form";
    }
    return /^[^\r\n]+/.test(text) ? null : "expected the password in its first line";
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    return code === "ENOENT" ? "there is no such file" : `cannot be read: ${code ?? "unknown error"}`;
  }
}

function parseBmcUrl(text: string): Result<string, "not-a-bmc"> {
  try {
    const { protocol, origin, pathname, search, hash, username } = new URL(text);
    const isBare = pathname === "/" && search === "" && hash === "" && username === "";
    return protocol === "https:" && isBare ? ok(origin) : err("not-a-bmc");
  } catch {
    return err("not-a-bmc");
  }
}
