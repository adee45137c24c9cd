import { stringify, type TomlTable } from "smol-toml";
import { prefixLength } from "../net/ipv4-address.ts";
import { formatMacHyphens, type MacAddress } from "../net/mac-address.ts";
import type { Answer, InstallTarget, Links } from "./kind.ts";

import { HIDDEN, maskedLinks } from "./masked-links.ts";
import { pinnedNames } from "./proxmox-pinning.ts";

import { isAtLeast, type Release } from "./proxmox-release.ts";
import { fqdnOf } from "./proxmox-rules.ts";
import type { ProxmoxSettings } from "./proxmox-settings.ts";
import { isSilent } from "./proxmox-silent.ts";

/**
 * The answer file of the automated installation, in the spelling of its release. Settings and target must have passed
 * `proxmox-rules.ts`. Always TOML: a release that also takes JSON asks for it by content type, and none needs it.
 */
export function renderAnswer(settings: ProxmoxSettings, target: InstallTarget, links: Links, asking: Asking): Answer {
  return new RenderedAnswer(settings, target, links, asking);
}

/** A class, because V8 gives every object that has a getter written into it a hidden class of its own. */
class RenderedAnswer implements Answer {
  readonly contentType = "application/toml";
  readonly text: string;
  readonly #settings: ProxmoxSettings;
  readonly #target: InstallTarget;
  readonly #links: Links;
  readonly #asking: Asking;

  constructor(settings: ProxmoxSettings, target: InstallTarget, links: Links, asking: Asking) {
    this.text = render(settings, target, links, asking);
    this.#settings = settings;
    this.#target = target;
    this.#links = links;
    this.#asking = asking;
  }

  /** Made only for people, who ask seldom. */
  get masked(): string {
    return render(maskedSettings(this.#settings), this.#target, maskedLinks(this.#links), this.#asking);
  }
}

/** Who asks. */
export interface Asking {
  /** Release of Proxmox VE whose installer it is. */
  readonly installer: Release;
  /** Every NIC of the machine. */
  readonly nics: readonly MacAddress[];
}

function maskedSettings(settings: ProxmoxSettings): ProxmoxSettings {
  const { global } = settings;
  const subscription = global.subscription_key === undefined ? {} : { subscription_key: HIDDEN };
  const { root_password_hashed: hash, root_password: clear } = global;
  const passwords = {
    root_password_hashed: hash === undefined ? undefined : HIDDEN,
    root_password: clear === undefined ? undefined : HIDDEN,
  };
  return { ...settings, global: { ...global, ...passwords, ...subscription } };
}

function render(
  settings: ProxmoxSettings,
  target: InstallTarget,
  links: Links,
  { installer: release, nics }: Asking,
): string {
  const sections: TomlTable = {
    global: globalSection(settings, target, release),
    network: networkSection(settings.network, target, nics),
    "disk-setup": diskSection(settings.disk_setup),
  };
  if (!isSilent(release)) sections["post-installation-webhook"] = webhookSection(links, release);
  if (settings.first_boot !== undefined) sections["first-boot"] = firstBootSection(settings.first_boot, links);
  const dialect = isAtLeast(release, { major: 8, minor: 4 }) ? sections : spelledFor83(sections);
  return stringify(dialect);
}

function firstBootSection(firstBoot: NonNullable<ProxmoxSettings["first_boot"]>, links: Links): TomlTable {
  const { source, ordering, url, cert_fingerprint: ownFingerprint } = firstBoot;
  if (source === "from-iso") return { source, ordering };
  const fingerprint = url === undefined ? links.certFingerprint : ownFingerprint;
  return {
    source,
    url: url ?? links.firstBootScript,
    ...(fingerprint == null ? {} : { "cert-fingerprint": fingerprint }),
    ordering,
  };
}

function globalSection(settings: ProxmoxSettings, target: InstallTarget, release: Release): TomlTable {
  const { global } = settings;
  const section: TomlTable = {
    keyboard: global.keyboard,
    country: global.country,
    timezone: global.timezone,
    fqdn: global.fqdn === undefined ? fqdnOf(settings, target) : fromDhcp(global.fqdn, global.domain),
    mailto: global.mailto,
    // One of the two is there, by the rules; both in one answer would be refused.
    ...(isSilent(release)
      ? { "root-password": global.root_password ?? "" }
      : { "root-password-hashed": global.root_password_hashed ?? "" }),
    "root-ssh-keys":
      target.ephemeralSshKey === undefined ? global.root_ssh_keys : [...global.root_ssh_keys, target.ephemeralSshKey],
    "reboot-on-error": global.reboot_on_error,
  };
  // The default stays unsaid: releases before 8.4 do not know the key.
  if (global.reboot_mode !== "reboot") section["reboot-mode"] = global.reboot_mode;
  if (global.subscription_key !== undefined) section["subscription-key"] = global.subscription_key;
  return section;
}

function fromDhcp({ source, domain }: { source: string; domain?: string | undefined }, other?: string): TomlTable {
  const own = domain ?? other;
  return own === undefined ? { source } : { source, domain: own };
}

function networkSection(
  network: ProxmoxSettings["network"],
  target: InstallTarget,
  nics: readonly MacAddress[],
): TomlTable {
  const pinning = network.interface_name_pinning;
  const pinned: TomlTable =
    pinning === undefined
      ? {}
      : {
          "interface-name-pinning": {
            enabled: pinning.enabled,
            mapping: pinnedNames(pinning, target.bootMac, nics),
          },
        };
  // `source` is required since 9.2 and allowed before.
  if (network.source === "from-dhcp") return { source: "from-dhcp", ...pinned };
  return {
    source: "from-answer",
    cidr: `${target.address}/${prefixLength(target.subnet)}`,
    dns: network.dns ?? target.domainNameServers[0] ?? target.router,
    gateway: network.gateway ?? target.router,
    // The only NIC that is surely on this network. The filter matches names from before the pinning.
    filter: network.filter ?? { ID_NET_NAME_MAC: `enx${formatMacHyphens(target.bootMac).replaceAll("-", "")}` },
    ...pinned,
  };
}

function diskSection(disks: ProxmoxSettings["disk_setup"]): TomlTable {
  const section: TomlTable = { filesystem: disks.filesystem };
  if (disks.disk_list !== undefined) section["disk-list"] = disks.disk_list;
  if (disks.filter_match !== undefined) section["filter-match"] = disks.filter_match;
  if (disks.filter !== undefined) section.filter = { ...disks.filter };
  for (const table of ["lvm", "zfs", "btrfs"] as const) {
    const options = disks[table];
    if (options !== undefined) section[table] = kebab(options);
  }
  return section;
}

function kebab(table: Readonly<Record<string, string | number | undefined>>): TomlTable {
  const renamed: TomlTable = {};
  for (const [key, value] of Object.entries(table)) if (value !== undefined) renamed[key.replaceAll("_", "-")] = value;
  return renamed;
}

function webhookSection(links: Links, release: Release): TomlTable {
  // Older installers refuse the key; for them the token in the address has to do.
  const token = isAtLeast(release, { major: 9, minor: 2 }) && links.token !== "" ? { "auth-token": links.token } : {};
  if (links.certFingerprint === null) return { url: links.installed, ...token };
  // 8.3 knows this one with an underscore only, and its twin under [first-boot] with a hyphen only.
  const key = isAtLeast(release, { major: 8, minor: 4 }) ? "cert-fingerprint" : "cert_fingerprint";
  return { url: links.installed, [key]: links.certFingerprint, ...token };
}

/** 8.2 and 8.3 want these with underscores and nothing else; section names never had any. */
function spelledFor83(sections: TomlTable): TomlTable {
  const spelled: TomlTable = {};
  for (const [key, value] of Object.entries(sections)) {
    const isTable = typeof value === "object" && !Array.isArray(value) && !(value instanceof Date);
    spelled[UNDERSCORES_IN_83.has(key) ? key.replaceAll("-", "_") : key] = isTable ? spelledFor83(value) : value;
  }
  return spelled;
}

const UNDERSCORES_IN_83: ReadonlySet<string> = new Set([
  "root-password",
  "root-password-hashed",
  "reboot-on-error",
  "root-ssh-keys",
  "disk-list",
  "filter-match",
  "arc-max",
]);

/** What in it is no setting, for people who ask where it comes from. */
export const MADE_IN_ANSWER = {
  "global.fqdn": "the slot's hostname, in its domain",
  "network.cidr": "the slot's address",
  "network.dns": "network.dns of the appliance",
  "network.gateway": "network.router of the appliance",
  "network.filter": "the NIC that the machine booted from",
  "network.interface_name_pinning.mapping": "the NICs of the machine",
  "disk_setup.filter": "disk_serials of the slot",
  "disk_setup.filter_match": "disk_serials of the slot",
  post_installation_webhook: "this install",
  "first_boot.url": "this install",
  "first_boot.cert_fingerprint": "this install",
} as const;
