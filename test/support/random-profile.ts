import { HASH, SSH_KEY } from "./proxmox-profile.ts";

/** A table of a profile, as it is written. */
export type Draft = Record<string, unknown>;

/**
 * A profile of the kind `proxmox` that is right, with anything in it that one may say. `since`: the first release whose
 * installer knows all of it. Written from the facts about the installer, not from our schema.
 */
export function randomProfile(random: () => number): { readonly draft: Draft; readonly since: string } {
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const often = () => random() < 0.5;
  const between = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  let since = "8.3";
  const needs = (release: string) => {
    if (release > since) since = release;
  };
  const some = (make: () => Draft): Draft => (often() ? make() : {});

  const global: Draft = {
    country: pick("de", "at", "gb", "us", "zw", "ad"),
    mailto: pick("root@lab.example", "root@localhost", "a.b+c@x-y.example"),
    root_password_hashed: HASH,
    ...some(() => ({ keyboard: pick("de", "de-ch", "en-gb", "pt-br", "tr") })),
    ...some(() => ({ timezone: pick("UTC", "Europe/Kyiv", "America/Argentina/San_Juan", "Pacific/Wallis") })),
    ...some(() => ({ root_ssh_keys: often() ? [] : [SSH_KEY, `no-pty,from="10.0.0.0/8" ${SSH_KEY}`] })),
    ...some(() => ({ reboot_on_error: often() })),
    ...some(() => ({ domain: "other.example" })),
  };
  if (random() < 0.2) {
    global.reboot_mode = "power-off";
    needs("8.4");
  }
  if (random() < 0.2) {
    global.fqdn = { source: "from-dhcp", ...some(() => ({ domain: "dhcp.example" })) };
    needs("8.4");
  }
  if (random() < 0.2) {
    global.subscription_key = "pve2c-0123456789";
    needs("9.2");
  }

  const network: Draft = often()
    ? { source: "from-dhcp" }
    : {
        ...some(() => ({ dns: "192.0.2.53" })),
        ...some(() => ({ gateway: "10.11.0.254" })),
        ...some(() => ({ filter: { [pick("ID_NET_NAME", "ID_NET_DRIVER")]: pick("enp?s[0-9]*", "igb", "en[!p]*") } })),
      };
  if (random() < 0.3) {
    network.interface_name_pinning = often()
      ? { enabled: often() }
      : {
          enabled: true,
          mapping: {
            [pick("boot", "52:54:00:BA:5E:11", "52-54-00-ba-5e-11")]: pick("nic0", "nic1", "nic3", "lan0"),
            ...some(() => ({ "52:54:00:ba:5e:12": pick("storage0", "nic2") })),
            ...some(() => ({ "52:54:00:00:00:99": "elsewhere" })),
          },
        };
    needs("9.1");
  }

  const filesystem = pick("ext4", "xfs", "zfs", "btrfs");
  const raid =
    filesystem === "zfs"
      ? pick("raid0", "raid1", "raid10", "raidz-1", "raidz-2", "raidz-3")
      : pick("raid0", "raid1", "raid10");
  const isSingle = filesystem === "ext4" || filesystem === "xfs";
  const least = isSingle ? 1 : { raid0: 1, raid1: 2, raid10: 4, "raidz-1": 3, "raidz-2": 4, "raidz-3": 5 }[raid];
  const disks = ["sda", "/dev/sdb", "nvme0n1", "vda", "mmcblk0", "sdc"];
  const disk_setup: Draft = often()
    ? { disk_list: disks.slice(0, isSingle || raid === "raid10" ? least : between(least, disks.length)) }
    : {
        filter: {
          ID_SERIAL: pick("S4EV*", "WD-[AB]?[!x]*", "exactly this"),
          ...some(() => ({ ID_PATH: "pci-*-ata-?" })),
        },
        ...some(() => ({ filter_match: isSingle ? "any" : pick("any", "all") })),
      };
  disk_setup.filesystem = filesystem;
  if (filesystem === "zfs") {
    disk_setup.zfs = {
      raid,
      ...some(() => ({ ashift: between(9, 16) })),
      ...some(() => ({ arc_max: between(64, 16_384) })),
      ...some(() => ({ checksum: pick("on", "fletcher4", "sha256") })),
      ...some(() => ({ compress: pick("on", "off", "lzjb", "lz4", "zle", "gzip", "zstd") })),
      ...some(() => ({ copies: between(1, 3) })),
      ...some(() => ({ hdsize: pick(64, 931.5) })),
    };
  } else if (filesystem === "btrfs") {
    disk_setup.btrfs = {
      raid,
      ...some(() => ({ compress: pick("on", "off", "zlib", "lzo", "zstd") })),
      ...some(() => ({ hdsize: 100 })),
    };
  } else if (often()) {
    disk_setup.lvm = {
      ...some(() => ({ hdsize: 120 })),
      ...some(() => ({ swapsize: pick(0, 8, 60) })),
      ...some(() => ({ maxroot: 40.5 })),
      ...some(() => ({ maxvz: pick(0, 50) })),
      ...some(() => ({ minfree: 16 })),
    };
  }

  const ordering = pick("before-network", "network-online", "fully-up");
  const first_boot = pick<Draft | undefined>(
    undefined,
    {},
    { ordering: pick("network-online", "fully-up"), script: "#!/bin/sh\nexit 0\n" },
    { ordering, script: "#!/bin/sh\n", phone_home: false },
    { ordering, source: "from-iso", phone_home: false },
    { ordering, url: "http://192.0.2.1/own.sh", phone_home: false },
    { url: "https://192.0.2.1/own.sh", cert_fingerprint: "ab".repeat(32), phone_home: false },
  );
  const draft: Draft = { kind: "proxmox", image: "pve", global, disk_setup };
  if (Object.keys(network).length > 0) draft.network = network;
  if (first_boot !== undefined) draft.first_boot = first_boot;
  return { draft, since };
}

/** The same with one thing in it changed, removed, or put in the wrong place. May by chance still be right. */
export function damaged(draft: Draft, random: () => number): Draft {
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const copy = structuredClone(draft);
  const tables: Draft[] = [];
  const gather = (table: Draft) => {
    tables.push(table);
    for (const value of Object.values(table)) {
      if (typeof value === "object" && value !== null && !Array.isArray(value)) gather(value as Draft);
    }
  };
  gather(copy);
  const table = pick(tables);
  const keys = Object.keys(table);
  const key = keys.length === 0 ? "nonsense" : pick(keys);
  const old = table[key] ?? 0;
  const ways: readonly (() => void)[] = [
    () => delete table[key],
    () => Object.assign(table, { [key]: structuredClone(pick(ODDITIES)) }),
    () => Object.assign(table, { [`${key}_`]: structuredClone(old) }),
    () => Object.assign(table, { [key.replaceAll("_", "-")]: structuredClone(old) }),
    () => Object.assign(table, { [key]: Array.isArray(old) ? [...old, ...old] : [structuredClone(old)] }),
    () => Object.assign(table, { [key]: typeof old === "string" ? old.toUpperCase() : 0 }),
    () => Object.assign(table, { [key]: typeof old === "string" ? `${old}${pick(["*", "[", " ", ".", "1"])}` : -1 }),
    () => Object.assign(pick(tables), { [key]: structuredClone(old) }),
    () => Object.assign(table, { [pick(STRAY)]: structuredClone(pick(ODDITIES)) }),
  ];
  pick(ways)();
  return copy;
}

const ODDITIES: readonly unknown[] = [
  "", "ext4", "zfs", "btrfs", "raid1", "raid10", "raidz-3", "all", "from-answer", "from-dhcp", "from-iso", "uk", "Etc/UTC",
  "us", "sda", "nic0", "nic1", true, false, 0, 1, 12.5, 1e9, [], ["sda"], ["sda", "sdb", "sdc"], {}, { raid: "raid0" },
]; // biome-ignore format: a list

const STRAY = [
  "filter", "disk_list", "filter_match", "zfs", "lvm", "btrfs", "hdsize", "swapsize", "raid", "dns", "gateway", "source",
  "url", "script", "phone_home", "ordering", "fqdn", "domain", "nonsense",
]; // biome-ignore format: a list
