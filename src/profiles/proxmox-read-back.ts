import { prefixLength } from "../net/ipv4-address.ts";
import { type MacAddress, parseMacAddress } from "../net/mac-address.ts";
import { formatPath } from "../std/check-document.ts";
import type { Problem } from "../std/problem.ts";
import { err, ok, type Result } from "../std/result.ts";
import type { InstallTarget, Links } from "./kind.ts";
import type { SettingsTable } from "./layers.ts";
import { isAtLeast, type Release } from "./proxmox-release.ts";
import type { ProxmoxSettings } from "./proxmox-settings.ts";
import { isSilent } from "./proxmox-silent.ts";

/** What an answer that somebody else wrote must agree with. */
export interface Expected {
  readonly target: InstallTarget;
  readonly links: Links;
  readonly installer: Release;
  /** Every NIC of the machine. */
  readonly nics: readonly MacAddress[];
  /** What the profile says of the first boot; undefined: nothing. */
  readonly firstBoot: ProxmoxSettings["first_boot"];
}

/**
 * An answer file as the settings it would have been written from. The error lists what no setting can say: keys in the
 * wrong spelling for the release, and what belongs to the slot and to this install, and is not there or is another's.
 */
export function readBack(
  document: Readonly<Record<string, unknown>>,
  expected: Expected,
): Result<SettingsTable, readonly Problem[]> {
  const problems: Problem[] = [];
  const say: Say = (path, message) => problems.push({ path, message });
  const answer = respelt(document, [], isAtLeast(expected.installer, { major: 8, minor: 4 }), say);
  const { global, network, disk_setup, post_installation_webhook: webhook, first_boot: firstBoot, ...rest } = answer;
  for (const key of Object.keys(rest)) say(key, "unknown section");
  for (const key of REQUIRED)
    if (tableOf(global)[key] === undefined) say(`global.${key}`, "missing: the installer wants it");
  const { fqdn, ...others } = tableOf(global);
  const ownFqdn = fqdnSettings(fqdn, expected, say);
  if (isSilent(expected.installer)) {
    const unknown = "unknown section: needs Proxmox VE 8.3 or later";
    if (webhook !== undefined) say("post-installation-webhook", unknown);
    if (firstBoot !== undefined) say("first-boot", unknown);
  } else {
    checkWebhook(tableOf(webhook), expected, say);
    checkFirstBoot(firstBoot, expected, say);
  }
  checkKeys(tableOf(global).root_ssh_keys, expected, say);
  const ownNetwork = networkSettings(tableOf(network), expected, say);
  if ((expected.target.diskSerials ?? []).length > 0)
    say("disk_setup", "a template cannot be held to the slot's disk_serials; leave them out");
  if (problems.length > 0) return err(problems);
  return ok({ global: { ...others, ...ownFqdn }, network: ownNetwork, disk_setup });
}

type Say = (path: string, message: string) => void;

const REQUIRED = ["keyboard", "country", "timezone", "fqdn", "mailto"] as const;

/** All keys with underscores, as settings are called. */
function respelt(
  table: Readonly<Record<string, unknown>>,
  at: readonly string[],
  isFree: boolean,
  say: Say,
): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(table)) {
    const name = key.replaceAll("-", "_");
    const path = formatPath([...at, key]);
    const wanted = spelling(name, at, isFree);
    if (wanted !== null && key !== wanted)
      say(path, `expected ${wanted}: this installer does not know the other spelling`);
    if (made[name] !== undefined) say(path, "is there in both spellings");
    const keepsKeys = name === "filter" || name === "mapping";
    made[name] = isTable(value) && !keepsKeys ? respelt(value, [...at, name], isFree, say) : value;
  }
  return made;
}

/** The one spelling that counts; null: either. `isFree`: 8.4 and later, which take both nearly everywhere. */
function spelling(name: string, at: readonly string[], isFree: boolean): string | null {
  const kebab = name.replaceAll("_", "-");
  if (at.length === 0 || name === "interface_name_pinning") return kebab;
  if (isFree || !name.includes("_")) return null;
  return at[0] === "first_boot" ? kebab : name;
}

function fqdnSettings(fqdn: unknown, { target }: Expected, say: Say): SettingsTable {
  if (isTable(fqdn)) return { fqdn };
  const wanted = `${target.hostname}.${target.domain}`;
  if (fqdn !== undefined && fqdn !== wanted)
    say("global.fqdn", `expected the slot's name {{fqdn}} (${wanted}), found another`);
  return {};
}

function networkSettings(
  network: Readonly<Record<string, unknown>>,
  { target, nics }: Expected,
  say: Say,
): SettingsTable {
  const { cidr, interface_name_pinning: pinning, ...others } = network;
  if (network.source === undefined) say("network.source", 'missing: expected "from-answer" or "from-dhcp"');
  const wanted = `${target.address}/${prefixLength(target.subnet)}`;
  if (network.source === "from-answer") {
    if (cidr !== wanted) say("network.cidr", `expected the slot's address {{cidr}} (${wanted}), found another`);
    for (const key of ["dns", "gateway", "filter"]) if (network[key] === undefined) say(`network.${key}`, "missing");
  } else if (cidr !== undefined) say("network.cidr", 'expected none with source = "from-dhcp"');
  if (pinning === undefined) return others;
  const mapping = tableOf(tableOf(pinning).mapping);
  const macs = Object.keys(mapping);
  for (const mac of macs) {
    const parsed = parseMacAddress(mac);
    if (!parsed.ok || parsed.value !== mac)
      say("network.interface-name-pinning", `expected a MAC address in lower case, found ${mac}`);
  }
  const isAutomatic = Object.values(mapping).some((name) => /^nic\d+$/.test(String(name)));
  if (isAutomatic && nics.some((mac) => !macs.includes(mac)))
    say(
      "network.interface-name-pinning",
      "expected no name like nic0 unless every NIC of the machine is named: it is given automatically",
    );
  return { ...others, interface_name_pinning: pinning };
}

/** Without it nobody hears of the end of the install, and the machine would be installed again. */
function checkWebhook(webhook: Readonly<Record<string, unknown>>, { links, installer }: Expected, say: Say): void {
  const { url, cert_fingerprint: fingerprint, auth_token: token, ...rest } = webhook;
  const section = "post-installation-webhook";
  if (url !== links.installed) say(`${section}.url`, "expected {{webhook_url}}, which holds this install's token");
  checkFingerprint(section, fingerprint, links, say);
  if (token !== undefined && !isAtLeast(installer, { major: 9, minor: 2 }))
    say(
      `${section}.auth-token`,
      "needs Proxmox VE 9.2 or later; {{auth_token}} leaves the line out where it is not known",
    );
  else if (token !== undefined && token !== links.token) say(`${section}.auth-token`, "expected {{auth_token}}");
  for (const key of Object.keys(rest)) say(`${section}.${key}`, "unknown key");
}

function checkFirstBoot(section: unknown, { links, firstBoot }: Expected, say: Say): void {
  const isOurs = firstBoot !== undefined && firstBoot.source === "from-url" && firstBoot.url === undefined;
  if (section === undefined) {
    if (isOurs)
      say(
        "first-boot",
        'missing: the profile has first_boot, so expected source = "from-url" and url = "{{first_boot_url}}"',
      );
    return;
  }
  const { source, url, cert_fingerprint: fingerprint, ordering, ...rest } = tableOf(section);
  if (source !== "from-url" && source !== "from-iso") say("first-boot.source", 'expected "from-url" or "from-iso"');
  if (source === "from-url" && typeof url !== "string") say("first-boot.url", "missing: expected an address");
  if (isOurs && url !== links.firstBootScript)
    say("first-boot.url", "expected {{first_boot_url}}: the profile has first_boot");
  if (!isOurs && url === links.firstBootScript)
    say("first-boot.url", "expected another address: the profile has no first_boot");
  if (isOurs) checkFingerprint("first-boot", fingerprint, links, say);
  if (ordering !== undefined && !["before-network", "network-online", "fully-up"].includes(String(ordering)))
    say("first-boot.ordering", 'expected "before-network", "network-online" or "fully-up"');
  for (const key of Object.keys(rest)) say(`first-boot.${key}`, "unknown key");
}

function checkFingerprint(section: string, found: unknown, { certFingerprint }: Links, say: Say): void {
  const plain = (text: unknown) => String(text).replaceAll(":", "").toLowerCase();
  if (certFingerprint === null && found !== undefined)
    say(`${section}.cert-fingerprint`, "expected none without HTTPS");
  if (certFingerprint !== null && plain(found) !== plain(certFingerprint))
    say(
      `${section}.cert-fingerprint`,
      "expected {{cert_fingerprint}}: the address is HTTPS with a certificate of our own",
    );
}

function checkKeys(keys: unknown, { target }: Expected, say: Say): void {
  const { ephemeralSshKey: key } = target;
  if (key !== undefined && !(Array.isArray(keys) && keys.includes(key)))
    say("global.root-ssh-keys", "expected {{ephemeral_ssh_key}} among them, on a line of its own: the join needs it");
}

function tableOf(value: unknown): Readonly<Record<string, unknown>> {
  return isTable(value) ? value : {};
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
