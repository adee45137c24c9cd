import { stringify, type TomlTable } from "smol-toml";
import type { DomainName, Hostname } from "../../src/net/hostname.ts";
import type { Ipv4Address, Ipv4Subnet } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import type { AnswerRequest, InstallTarget, Links } from "../../src/profiles/kind.ts";
import { type Profile, parseProfile } from "../../src/profiles/profiles.ts";

/** Of the words `not a password`, made by crypt(3) for these tests. */
export const HASH = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$Qq16aU4cdIzj3je7QVwaWq8twCAT3i1UTprlIjHOfB/";

/** Made for these tests; nobody has the other half. */
export const SSH_KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAA/sDAR/ZuTRND0Wo8tGPH/o98HPpZimEI4fMCZMDqb ops@lab.example";

export const TARGET: InstallTarget = {
  address: "10.11.0.2" as Ipv4Address,
  subnet: "10.11.0.0/22" as Ipv4Subnet,
  router: "10.11.0.1" as Ipv4Address,
  domainNameServers: ["10.11.0.1" as Ipv4Address, "10.11.0.9" as Ipv4Address],
  hostname: "peach-beach" as Hostname,
  domain: "lab.example" as DomainName,
  bootMac: "52:54:00:ba:5e:11" as MacAddress,
};

export const TOKEN = "4f1c9b7e2a6d";

export const LINKS: Links = {
  answer: `http://10.11.0.1/api/boot/answer/${TOKEN}`,
  installed: `http://10.11.0.1/api/hosts/52-54-00-ba-5e-11/installed/${TOKEN}`,
  firstBootScript: `http://10.11.0.1/api/hosts/52-54-00-ba-5e-11/first-boot-script/${TOKEN}`,
  phoneHome: `http://10.11.0.1/api/hosts/52-54-00-ba-5e-11/phone-home/${TOKEN}`,
  token: TOKEN,
  certFingerprint: null,
  asset: (path) => `http://10.11.0.1/assets/${path}`,
  image: () => null,
  plain: {
    answerFile: (name) => `http://10.11.0.1/api/boot/answer/${TOKEN}/${name}`,
    progress: `http://10.11.0.1/api/hosts/52-54-00-ba-5e-11/progress/${TOKEN}`,
    installed: `http://10.11.0.1/api/hosts/52-54-00-ba-5e-11/installed/${TOKEN}`,
    failed: `http://10.11.0.1/api/hosts/52-54-00-ba-5e-11/failed/${TOKEN}`,
    firstBootScript: `http://10.11.0.1/api/hosts/52-54-00-ba-5e-11/first-boot-script/${TOKEN}`,
  },
  agent: { base: "http://10.11.0.1/api/hosts/52-54-00-ba-5e-11", trust: null },
};

/** As an installer of this release asks; null: one that does not say. */
export function requestOf(release: string | null): AnswerRequest {
  return { macs: [TARGET.bootMac], uuid: null, serial: null, product: null, release };
}

/** Changes to a profile by key; a table is merged into the table there, `undefined` removes. */
export interface Changes {
  readonly [key: string]: unknown;
}

/** The text of a small profile that is right, with changes. */
export function proxmoxText(changes: Changes = {}): string {
  return stringify(merged(BASE, changes));
}

export function proxmoxProfile(changes: Changes = {}): Profile {
  const profile = parseProfile("pve", proxmoxText(changes));
  if (!profile.ok) throw new Error(`the profile was meant to be right: ${JSON.stringify(profile.error)}`);
  return profile.value;
}

const BASE: TomlTable = {
  kind: "proxmox",
  image: "pve",
  global: {
    keyboard: "en-us",
    country: "de",
    timezone: "Europe/Berlin",
    mailto: "root@lab.example",
    root_password_hashed: HASH,
    root_ssh_keys: [SSH_KEY],
  },
  disk_setup: { filesystem: "ext4", disk_list: ["sda"] },
};

export function merged(table: TomlTable, changes: Changes): TomlTable {
  const result: TomlTable = { ...table };
  for (const [key, change] of Object.entries(changes)) {
    const old = result[key];
    if (change === undefined) delete result[key];
    else if (isTable(change) && isTable(old)) result[key] = merged(old as TomlTable, change as Changes);
    else result[key] = change as TomlTable[string];
  }
  return result;
}

function isTable(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
