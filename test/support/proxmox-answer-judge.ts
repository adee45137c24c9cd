import { isIP, isIPv4 } from "node:net";
import { parse } from "smol-toml";

/**
 * A strict reader of answer files, as each release of the Proxmox installer reads them: unknown keys, wrong types, both
 * spellings of one key and missing keys are complaints. Written from proxmox/proxmox-rs
 * `proxmox-installer-types/src/answer.rs` and proxmox/pve-installer `proxmox-auto-installer/src/answer.rs` as a table of
 * its own; it shares nothing with the code that writes the files.
 */
export function complaints(
  text: string,
  release: JudgedRelease,
  machine: JudgedMachine = { product: "pve", nics: [] },
): readonly string[] {
  let document: Record<string, unknown>;
  try {
    document = parse(text, { integersAsBigInt: true });
  } catch (error) {
    return [`not TOML: ${(error as Error).message}`];
  }
  const found: string[] = [];
  readTable("", document, release, found);
  if (found.length === 0) readRules(document, release, machine, found);
  return found;
}

/** What the installer runs on. */
export interface JudgedMachine {
  readonly product: "pve" | "pbs" | "pmg" | "pdm";
  /** MAC addresses in the order in which the installer numbers its NICs. */
  readonly nics: readonly string[];
}

export const JUDGED_RELEASES = ["8.2", "8.3", "8.4", "9.0", "9.1", "9.2"] as const;

export type JudgedRelease = (typeof JUDGED_RELEASES)[number];

/** How a key may be written: with dashes, with underscores, or either way (then not both at once). */
type Spelling = "kebab" | "snake" | "both" | "none";

interface Key {
  readonly table: string;
  /** With dashes. */
  readonly key: string;
  readonly type: (value: unknown) => boolean;
  readonly required?: boolean;
  readonly spelling: (release: JudgedRelease) => Spelling;
}

const at = (release: JudgedRelease) => JUDGED_RELEASES.indexOf(release);
const plainSince = (since: JudgedRelease) => (release: JudgedRelease) => (at(release) < at(since) ? "none" : "kebab");
const eitherSince = (since: JudgedRelease) => (release: JudgedRelease) => (at(release) < at(since) ? "none" : "both");
const always = () => "kebab" as const;
/** Underscores only up to 8.3, both afterwards. */
const snakeFirst = (since: JudgedRelease) => (release: JudgedRelease) =>
  at(release) < at(since) ? "none" : at(release) < at("8.4") ? "snake" : "both";
const kebabFirst = (since: JudgedRelease) => (release: JudgedRelease) =>
  at(release) < at(since) ? "none" : at(release) < at("8.4") ? "kebab" : "both";

const text = (value: unknown) => typeof value === "string";
const flag = (value: unknown) => typeof value === "boolean";
const integer = (value: unknown) => typeof value === "bigint";
const size = (value: unknown) => typeof value === "bigint" || typeof value === "number";
const texts = (value: unknown) => Array.isArray(value) && value.every(text);
const table = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
const globs = (value: unknown) => table(value) && Object.values(value as object).every(text);
const one =
  (...words: string[]) =>
  (value: unknown) =>
    words.includes(value as string);
const KEYBOARDS =
  "de de-ch dk en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it jp lt mk nl no pl pt pt-br se si tr".split(" ");

const KEYS: readonly Key[] = [
  { table: "", key: "global", type: table, required: true, spelling: always },
  { table: "", key: "network", type: table, required: true, spelling: always },
  { table: "", key: "disk-setup", type: table, required: true, spelling: always },
  { table: "", key: "post-installation-webhook", type: table, spelling: plainSince("8.3") },
  { table: "", key: "first-boot", type: table, spelling: plainSince("8.3") },

  { table: "global", key: "keyboard", type: one(...KEYBOARDS), required: true, spelling: always },
  { table: "global", key: "country", type: text, required: true, spelling: always },
  { table: "global", key: "timezone", type: text, required: true, spelling: always },
  { table: "global", key: "fqdn", type: (value) => text(value) || table(value), required: true, spelling: always },
  { table: "global.fqdn", key: "source", type: one("from-dhcp"), required: true, spelling: plainSince("8.4") },
  { table: "global.fqdn", key: "domain", type: text, spelling: plainSince("8.4") },
  { table: "global", key: "mailto", type: text, required: true, spelling: always },
  { table: "global", key: "root-password", type: text, spelling: snakeFirst("8.2") },
  { table: "global", key: "root-password-hashed", type: text, spelling: snakeFirst("8.3") },
  { table: "global", key: "root-ssh-keys", type: texts, spelling: snakeFirst("8.2") },
  { table: "global", key: "reboot-on-error", type: flag, spelling: snakeFirst("8.2") },
  { table: "global", key: "reboot-mode", type: one("reboot", "power-off"), spelling: eitherSince("8.4") },
  { table: "global", key: "subscription-key", type: text, spelling: eitherSince("9.2") },

  { table: "network", key: "source", type: one("from-dhcp", "from-answer"), spelling: always },
  { table: "network", key: "cidr", type: text, spelling: always },
  { table: "network", key: "dns", type: text, spelling: always },
  { table: "network", key: "gateway", type: text, spelling: always },
  { table: "network", key: "filter", type: globs, spelling: always },
  { table: "network", key: "interface-name-pinning", type: table, spelling: plainSince("9.1") },
  { table: "network.interface-name-pinning", key: "enabled", type: flag, required: true, spelling: always },
  { table: "network.interface-name-pinning", key: "mapping", type: globs, spelling: always },

  {
    table: "disk-setup",
    key: "filesystem",
    type: one("ext4", "xfs", "zfs", "btrfs"),
    required: true,
    spelling: always,
  },
  { table: "disk-setup", key: "disk-list", type: texts, spelling: snakeFirst("8.2") },
  { table: "disk-setup", key: "filter", type: globs, spelling: always },
  { table: "disk-setup", key: "filter-match", type: one("any", "all"), spelling: snakeFirst("8.2") },
  { table: "disk-setup", key: "zfs", type: table, spelling: always },
  { table: "disk-setup", key: "lvm", type: table, spelling: always },
  { table: "disk-setup", key: "btrfs", type: table, spelling: always },

  {
    table: "disk-setup.zfs",
    key: "raid",
    type: one("raid0", "raid1", "raid10", "raidz-1", "raidz-2", "raidz-3"),
    required: true,
    spelling: always,
  },
  { table: "disk-setup.zfs", key: "ashift", type: integer, spelling: always },
  { table: "disk-setup.zfs", key: "arc-max", type: integer, spelling: snakeFirst("8.2") },
  { table: "disk-setup.zfs", key: "checksum", type: one("on", "fletcher4", "sha256"), spelling: always },
  {
    table: "disk-setup.zfs",
    key: "compress",
    type: one("on", "off", "lzjb", "lz4", "zle", "gzip", "zstd"),
    spelling: always,
  },
  { table: "disk-setup.zfs", key: "copies", type: integer, spelling: always },
  { table: "disk-setup.zfs", key: "hdsize", type: size, spelling: always },
  ...["hdsize", "swapsize", "maxroot", "maxvz", "minfree"].map((key) => ({
    table: "disk-setup.lvm",
    key,
    type: size,
    spelling: always,
  })),
  { table: "disk-setup.btrfs", key: "raid", type: one("raid0", "raid1", "raid10"), required: true, spelling: always },
  {
    table: "disk-setup.btrfs",
    key: "compress",
    type: one("on", "off", "zlib", "lzo", "zstd"),
    spelling: plainSince("8.3"),
  },
  { table: "disk-setup.btrfs", key: "hdsize", type: size, spelling: always },

  { table: "post-installation-webhook", key: "url", type: text, required: true, spelling: always },
  { table: "post-installation-webhook", key: "cert-fingerprint", type: text, spelling: snakeFirst("8.3") },
  { table: "post-installation-webhook", key: "auth-token", type: text, spelling: eitherSince("9.2") },

  { table: "first-boot", key: "source", type: one("from-url", "from-iso"), required: true, spelling: always },
  { table: "first-boot", key: "url", type: text, spelling: always },
  { table: "first-boot", key: "cert-fingerprint", type: text, spelling: kebabFirst("8.3") },
  {
    table: "first-boot",
    key: "ordering",
    type: one("before-network", "network-online", "fully-up"),
    spelling: always,
  },
];

function readTable(name: string, values: Record<string, unknown>, release: JudgedRelease, found: string[]): void {
  const seen = new Set<string>();
  for (const [written, value] of Object.entries(values)) {
    const where = name === "" ? written : `${name}.${written}`;
    const key = KEYS.find((each) => each.table === name && spellings(each, release).includes(written));
    if (key === undefined) {
      found.push(`${release}: unknown key ${where}`);
      continue;
    }
    if (seen.has(key.key)) found.push(`${release}: duplicate field ${where}`);
    seen.add(key.key);
    if (!key.type(value)) found.push(`${release}: wrong type or value at ${where}`);
    const below = name === "" ? key.key : `${name}.${key.key}`;
    if (table(value) && KEYS.some((each) => each.table === below)) {
      readTable(below, value as Record<string, unknown>, release, found);
    }
  }
  for (const key of KEYS.filter((each) => each.table === name && each.required === true)) {
    if (!seen.has(key.key)) found.push(`${release}: missing ${name === "" ? "" : `${name}.`}${key.key}`);
  }
}

function spellings(key: Key, release: JudgedRelease): string[] {
  const snake = key.key.replaceAll("-", "_");
  const ways = { kebab: [key.key], snake: [snake], both: [key.key, snake], none: [] };
  return ways[key.spelling(release)];
}

/** Which keys go together, and which values are none, for a document whose keys are all known. */
function readRules(
  document: Record<string, unknown>,
  release: JudgedRelease,
  machine: JudgedMachine,
  found: string[],
): void {
  const section = (name: string) => (document[name] ?? {}) as Table;
  const say = (complaint: string) => found.push(`${release}: ${complaint}`);
  readGlobal(section("global"), release, say);
  readNetwork(section("network"), release, machine, say);
  readDisks(section("disk-setup"), release, machine, say);
  const webhook = section("post-installation-webhook");
  const firstBoot = section("first-boot");
  if (firstBoot.source === "from-url" && !has(firstBoot, "url")) say("first-boot.url is needed");
  for (const values of [webhook, firstBoot]) {
    const fingerprint = inAnySpelling(values, "cert-fingerprint");
    if (fingerprint !== undefined && !/^[0-9a-f]{64}$/i.test(String(fingerprint).replaceAll(":", "")))
      say("a cert-fingerprint is not the hexadecimal of a SHA-256");
    const url = values.url;
    if (url !== undefined && !/^https?:\/\/[^\s]+$/.test(String(url))) say(`${url} is no URL that can be fetched`);
  }
}

type Table = Record<string, unknown>;
type Say = (complaint: string) => void;

/** In whichever spelling it was let through. */
function inAnySpelling(values: Table, key: string): unknown {
  return values[key] ?? values[key.replaceAll("-", "_")];
}

function has(values: Table, key: string): boolean {
  return inAnySpelling(values, key) !== undefined;
}

const LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

function readGlobal(global: Table, release: JudgedRelease, say: Say): void {
  if (has(global, "root-password") === has(global, "root-password-hashed")) say("exactly one password is needed");
  const password = inAnySpelling(global, "root-password");
  if (at(release) >= at("8.4") && password !== undefined && Buffer.byteLength(String(password)) < 8)
    say("the password is shorter than 8 octets");
  if (typeof global.fqdn === "string") {
    const labels = global.fqdn.split(".");
    if (labels.length < 2) say("fqdn needs two labels");
    if (!labels.every((label) => LABEL.test(label)) || global.fqdn.length > 253) say("fqdn is no domain name");
    if (/^\d+$/.test(labels[0] ?? "")) say("the host part of fqdn is a number");
  } else if (at(release) < at("8.4")) say("fqdn must be a text");
  if (!/^[a-z]{2}$/.test(String(global.country)) || ["uk", "xk"].includes(String(global.country))) say("no country");
  const zone = String(global.timezone);
  if (
    zone !== "UTC" &&
    (!/^[A-Z][A-Za-z]+(\/[A-Za-z0-9_+-]+)+$/.test(zone) || /^(Etc|US)\/|Kiev$|Calcutta$/.test(zone))
  )
    say("no time zone of zone.tab");
  const mail = String(global.mailto);
  const host = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
  const address = new RegExp(`^[a-zA-Z0-9.!#$%&'*+/=?^_\`{|}~-]+@${host}(?:\\.${host})*$`);
  if (!address.test(mail) || mail === "mail@example.invalid") say("no mail address");
}

function readNetwork(network: Table, release: JudgedRelease, { nics }: JudgedMachine, say: Say): void {
  if (at(release) >= at("9.2") && network.source === undefined) say("network.source is required");
  const fixed = ["cidr", "dns", "gateway", "filter"];
  if (network.source === "from-answer") {
    for (const key of fixed) if (!has(network, key)) say(`network.${key} is needed`);
    for (const key of ["dns", "gateway"]) if (isIP(String(network[key])) === 0) say(`network.${key} is no address`);
    const [, address = "", prefix = ""] = /^(.+)\/(\d+)$/.exec(String(network.cidr)) ?? [];
    if (!isIPv4(address) || Number(prefix) > 32) say("network.cidr needs an address and a prefix");
    readGlobs("network.filter", network.filter, say);
  } else {
    for (const key of fixed) if (has(network, key)) say(`network.${key} is refused`);
  }
  const pinning = network["interface-name-pinning"] as Table | undefined;
  if (pinning === undefined) return;
  const mapping = (pinning.mapping ?? {}) as Record<string, string>;
  for (const [mac, name] of Object.entries(mapping)) {
    if (!/^[A-Za-z][A-Za-z0-9_]{1,14}$/.test(name)) say(`${name} is no name for a NIC`);
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) say(`${mac} is no hardware address in lower case`);
  }
  const names = Object.values(mapping);
  if (pinning.enabled === true) names.push(...nics.flatMap((mac, n) => (mac in mapping ? [] : [`nic${n}`])));
  if (new Set(names).size < names.length) say(`duplicate interface name mapping: ${names.join(", ")}`);
}

const DISKS_MIN: Readonly<Record<string, number>> = { raid1: 2, raid10: 4, "raidz-1": 3, "raidz-2": 4, "raidz-3": 5 };

function readDisks(disks: Table, release: JudgedRelease, { product }: JudgedMachine, say: Say): void {
  const filesystem = String(disks.filesystem);
  if (filesystem === "btrfs" && product !== "pve") say("btrfs is for Proxmox VE only");
  if (has(disks, "disk-list") === has(disks, "filter")) say("exactly one of disk-list and filter");
  if (has(disks, "filter")) readGlobs("disk-setup.filter", disks.filter, say);
  const fits: Record<string, string> = { ext4: "lvm", xfs: "lvm", zfs: "zfs", btrfs: "btrfs" };
  for (const name of ["lvm", "zfs", "btrfs"]) {
    if (has(disks, name) && fits[filesystem] !== name) say(`disk-setup.${name} does not fit the file system`);
  }
  const isSingle = filesystem === "ext4" || filesystem === "xfs";
  if (!isSingle && !has(disks, filesystem)) say(`disk-setup.${filesystem} is needed`);
  const list = inAnySpelling(disks, "disk-list") as string[] | undefined;
  if (list !== undefined) {
    if (list.length === 0) say("disk-list is empty");
    if (new Set(list).size < list.length) say("a disk is listed twice");
    if (isSingle && list.length !== 1) say(`${filesystem} takes one disk`);
    const raid = String(((disks[filesystem] ?? {}) as Table).raid);
    if (!isSingle && at(release) >= at("9.0") && list.length < (DISKS_MIN[raid] ?? 1)) say(`too few disks for ${raid}`);
    if (!isSingle && at(release) >= at("9.2") && raid === "raid10" && list.length % 2 === 1) say("odd raid10");
  }
  const lvm = (disks.lvm ?? {}) as Record<string, number | bigint | undefined>;
  if (lvm.swapsize !== undefined && lvm.hdsize !== undefined && Number(lvm.swapsize) > Number(lvm.hdsize) / 2)
    if (at(release) >= at("9.0")) say("swapsize is more than half of hdsize");
}

/** Patterns of Rust's crate `glob`: closed brackets, and two stars only as a whole component. */
function readGlobs(where: string, filter: unknown, say: Say): void {
  const globs = Object.values((filter ?? {}) as Record<string, string>);
  if (globs.length === 0) say(`${where} is empty`);
  for (const pattern of globs) {
    if (pattern.includes("***") || /[^/]\*\*|\*\*[^/]/.test(pattern)) say(`${where}: ${pattern} has stars in a word`);
    if (/\[/.test(pattern.replaceAll(/\[!?.[^\]]*\]/g, ""))) say(`${where}: ${pattern} has an open bracket`);
  }
}
