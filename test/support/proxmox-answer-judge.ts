import { parse } from "smol-toml";

/**
 * A strict reader of answer files, as each release of the Proxmox installer reads them: unknown keys, wrong types, both
 * spellings of one key and missing keys are complaints. Written from proxmox/proxmox-rs
 * `proxmox-installer-types/src/answer.rs` and proxmox/pve-installer `proxmox-auto-installer/src/answer.rs` as a table of
 * its own; it shares nothing with the code that writes the files.
 */
export function complaints(text: string, release: JudgedRelease): readonly string[] {
  let document: Record<string, unknown>;
  try {
    document = parse(text, { integersAsBigInt: true });
  } catch (error) {
    return [`not TOML: ${(error as Error).message}`];
  }
  const found: string[] = [];
  readTable("", document, release, found);
  if (found.length === 0) readRules(document, release, found);
  return found;
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
  { table: "global", key: "fqdn", type: text, required: true, spelling: always },
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

/** Which keys go together, for a document whose keys are all known. */
function readRules(document: Record<string, unknown>, release: JudgedRelease, found: string[]): void {
  const section = (name: string) => (document[name] ?? {}) as Record<string, unknown>;
  const has = (values: Record<string, unknown>, key: string) =>
    values[key] !== undefined || values[key.replaceAll("-", "_")] !== undefined;
  const say = (complaint: string) => found.push(`${release}: ${complaint}`);

  const global = section("global");
  if (has(global, "root-password") === has(global, "root-password-hashed")) say("exactly one password is needed");
  if (!/^[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$/.test(String(global.fqdn))) say("fqdn needs two labels");

  const network = section("network");
  if (at(release) >= at("9.2") && network.source === undefined) say("network.source is required");
  const fixed = ["cidr", "dns", "gateway", "filter"];
  if (network.source === "from-answer")
    for (const key of fixed) if (!has(network, key)) say(`network.${key} is needed`);
  if (network.source !== "from-answer")
    for (const key of fixed) if (has(network, key)) say(`network.${key} is refused`);
  if (network.cidr !== undefined && !/^[\d.]+\/\d+$/.test(String(network.cidr))) say("network.cidr needs a prefix");

  const disks = section("disk-setup");
  if (has(disks, "disk-list") === has(disks, "filter")) say("exactly one of disk-list and filter");
  const fits: Record<string, string> = { ext4: "lvm", xfs: "lvm", zfs: "zfs", btrfs: "btrfs" };
  for (const name of ["lvm", "zfs", "btrfs"]) {
    if (has(disks, name) && fits[String(disks.filesystem)] !== name)
      say(`disk-setup.${name} does not fit the file system`);
  }
  if (disks.filesystem === "zfs" && !has(disks, "zfs")) say("disk-setup.zfs is needed");
  if (disks.filesystem === "btrfs" && !has(disks, "btrfs")) say("disk-setup.btrfs is needed");

  const firstBoot = section("first-boot");
  if (firstBoot.source === "from-url" && !has(firstBoot, "url")) say("first-boot.url is needed");
}
