import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Hostname } from "../../src/net/hostname.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { InstallTarget } from "../../src/profiles/kind.ts";
import { parseProfile } from "../../src/profiles/profiles.ts";
import { HASH_PLACEHOLDER } from "../../src/profiles/proxmox-fields.ts";
import { type Changes, HASH, proxmoxProfile, proxmoxText, SSH_KEY, TARGET } from "../support/proxmox-profile.ts";

const disks = (disk_setup: Changes): Changes => ({ disk_setup: { disk_list: undefined, ...disk_setup } });
const zfs = (raid: string, ...disk_list: string[]) => disks({ filesystem: "zfs", disk_list, zfs: { raid } });
const btrfs = (raid: string, ...disk_list: string[]) => disks({ filesystem: "btrfs", disk_list, btrfs: { raid } });
const pinned = (mapping: Changes, enabled: unknown = true): Changes => ({
  network: { interface_name_pinning: { enabled, mapping } },
});
const FOR_82: Changes = { release: "8.2", global: { root_password: "hunter22" } };

/** One line for each rule: the change that breaks it, where the problem is reported, and words from its message. */
const BROKEN: readonly { rule: string; change: Changes; path: string; says: RegExp }[] = [
  // kind and image
  { rule: "an unknown kind", change: { kind: "proxmx" }, path: "kind", says: /found "proxmx"; did you mean "proxmox"/ },
  { rule: "no kind", change: { kind: undefined }, path: "kind", says: /^missing: expected "proxmox"/ },
  { rule: "no image", change: { image: undefined }, path: "image", says: /^missing: expected a path below assets/ },
  { rule: "an image outside assets", change: { image: "../etc" }, path: "image", says: /path below assets/ },
  { rule: "an image from the root", change: { image: "/pve" }, path: "image", says: /path below assets/ },
  { rule: "an image with a blank", change: { image: "pve 9" }, path: "image", says: /path below assets/ },
  { rule: "a number as iso", change: { iso: 9 }, path: "iso", says: /expected true, false or the name of a file/ },
  { rule: "an unknown key", change: { imgae: "pve" }, path: "imgae", says: /did you mean image/ },
  { rule: "a release with a revision", change: { release: "9.2-1" }, path: "release", says: /a release such as 9\.2/ },
  {
    rule: "release 8.1",
    change: { release: "8.1" },
    path: "release",
    says: /no automated installation.*8\.2 or newer/,
  },
  {
    rule: "release 8.2 and a hash alone",
    change: { release: "8.2" },
    path: "global.root_password",
    says: /missing: Proxmox VE 8\.2 takes root's password only in clear text; give it.*8\.3 or later/,
  },
  {
    rule: "a first-boot script for 8.2",
    change: { ...FOR_82, first_boot: { script: "#!/bin/sh" } },
    path: "first_boot",
    says: /needs Proxmox VE 8\.3 or later, found 8\.2/,
  },
  {
    rule: "a compressed btrfs for 8.2",
    change: {
      ...FOR_82,
      ...disks({ filesystem: "btrfs", disk_list: ["sda"], btrfs: { raid: "raid0", compress: "on" } }),
    },
    path: "disk_setup.btrfs.compress",
    says: /needs Proxmox VE 8\.3 or later, found 8\.2/,
  },
  {
    rule: "a restart after an error of 8.2",
    change: { release: "8.2", global: { root_password: "hunter22", reboot_on_error: true } },
    path: "global.reboot_on_error",
    says: /^expected false: .*a machine that boots again counts as installed/,
  },
  {
    rule: "a short password for 8.2",
    change: { ...FOR_82, global: { root_password: "hunter2" } },
    path: "global.root_password",
    says: /^expected a password of at least 8 octets/,
  },
  {
    rule: "a password for 8.2 that no console could type",
    change: { ...FOR_82, global: { root_password: "hunter22\n" } },
    path: "global.root_password",
    says: /without control characters/,
  },
  {
    rule: "a password in clear text beside a release that takes a hash",
    change: { release: "8.3", global: { root_password: "hunter22" } },
    path: "global.root_password",
    says: /not kept in clear text, but for release = "8\.2"/,
  },
  // kernel arguments
  { rule: "a quote in kernel_args", change: { kernel_args: 'a="b"' }, path: "kernel_args", says: /no quotes/ },
  { rule: "a dollar in kernel_args", change: { kernel_args: "a=$b" }, path: "kernel_args", says: /\$ or backticks/ },
  {
    rule: "a backtick in kernel_args",
    change: { kernel_args: "a=`id`" },
    path: "kernel_args",
    says: /because a shell/,
  },
  {
    rule: "a line feed in kernel_args",
    change: { kernel_args: "a\nb" },
    path: "kernel_args",
    says: /kernel arguments/,
  },
  { rule: "an initrd= of one's own", change: { kernel_args: "initrd=x" }, path: "kernel_args", says: /set already/ },
  // [global]
  { rule: "the keyboard us", change: { global: { keyboard: "us" } }, path: "global.keyboard", says: /mean "en-us"/ },
  { rule: "the keyboard uk", change: { global: { keyboard: "uk" } }, path: "global.keyboard", says: /mean "en-gb"/ },
  { rule: "an unknown keyboard", change: { global: { keyboard: "xx" } }, path: "global.keyboard", says: /de-ch, dk/ },
  { rule: "the country uk", change: { global: { country: "uk" } }, path: "global.country", says: /mean "gb"/ },
  { rule: "a country in capitals", change: { global: { country: "AT" } }, path: "global.country", says: /mean "at"/ },
  { rule: "no such country", change: { global: { country: "xk" } }, path: "global.country", says: /ISO 3166-1/ },
  { rule: "no country", change: { global: { country: undefined } }, path: "global.country", says: /^missing/ },
  ...["Etc/UTC", "GMT"].map((timezone) => ({
    rule: `the time zone ${timezone}`,
    change: { global: { timezone } },
    path: "global.timezone",
    says: /mean "UTC"/,
  })),
  {
    rule: "Europe/Kiev",
    change: { global: { timezone: "Europe/Kiev" } },
    path: "global.timezone",
    says: /Europe\/Kyiv/,
  },
  { rule: "US/Eastern", change: { global: { timezone: "US/Eastern" } }, path: "global.timezone", says: /New_York/ },
  { rule: "root as mail address", change: { global: { mailto: "root" } }, path: "global.mailto", says: /mail address/ },
  {
    rule: "the installer's own placeholder as mail address",
    change: { global: { mailto: "mail@example.invalid" } },
    path: "global.mailto",
    says: /mail address/,
  },
  {
    rule: "no password hash",
    change: { global: { root_password_hashed: undefined } },
    path: "global.root_password_hashed",
    says: /^missing: expected the hash.*mkpasswd --method=yescrypt/,
  },
  {
    rule: "the placeholder of the example",
    change: { global: { root_password_hashed: HASH_PLACEHOLDER } },
    path: "global.root_password_hashed",
    says: /still to be filled in.*mkpasswd --method=yescrypt/,
  },
  {
    rule: "a password where the hash belongs",
    change: { global: { root_password_hashed: "hunter22" } },
    path: "global.root_password_hashed",
    says: /the hash of the password, not the password/,
  },
  {
    rule: "a hash that was cut off",
    change: { global: { root_password_hashed: HASH.slice(0, -1) } },
    path: "global.root_password_hashed",
    says: /damaged/,
  },
  {
    rule: "an MD5 hash",
    change: { global: { root_password_hashed: "$1$abcdefgh$Vx8grh7XXQqYz5L/QwlDR0" } },
    path: "global.root_password_hashed",
    says: /too weak/,
  },
  {
    rule: "a password in clear text",
    change: { global: { root_password: "hunter22" } },
    path: "global.root_password",
    says: /not kept in clear text.*mkpasswd --method=yescrypt.*root_password_hashed/,
  },
  {
    rule: "a private key",
    change: { global: { root_ssh_keys: ["-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA"] } },
    path: "global.root_ssh_keys[0]",
    says: /one SSH public key per item/,
  },
  {
    rule: "a public key that was cut off",
    change: { global: { root_ssh_keys: [SSH_KEY, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAA"] } },
    path: "global.root_ssh_keys[1]",
    says: /one SSH public key per item/,
  },
  {
    rule: "a public key of another type than it says",
    change: { global: { root_ssh_keys: [SSH_KEY.replace("ssh-ed25519", "ssh-rsa")] } },
    path: "global.root_ssh_keys[0]",
    says: /one SSH public key per item/,
  },
  {
    rule: "two public keys in one item",
    change: { global: { root_ssh_keys: [`${SSH_KEY}\n${SSH_KEY}`] } },
    path: "global.root_ssh_keys[0]",
    says: /per item/,
  },
  {
    rule: "poweroff",
    change: { global: { reboot_mode: "poweroff" } },
    path: "global.reboot_mode",
    says: /"power-off"/,
  },
  {
    rule: "a subscription key of another product",
    change: { product: "pve", global: { subscription_key: "pbsc-0123456789" } },
    path: "global.subscription_key",
    says: /a subscription key of Proxmox VE, found one of another product/,
  },
  {
    rule: "half a subscription key",
    change: { global: { subscription_key: "pve2c-01234567" } },
    path: "global.subscription_key",
    says: /found 14 characters \(not shown\)/,
  },
  {
    rule: "an fqdn",
    change: { global: { fqdn: "a.b" } },
    path: "global.fqdn",
    says: /a table such as fqdn\.source = "from-dhcp": otherwise the name is that of the slot/,
  },
  {
    rule: "an fqdn by DHCP for an 8.3",
    change: { release: "8.3", global: { fqdn: { source: "from-dhcp" } } },
    path: "global.fqdn",
    says: /needs Proxmox VE 8\.4 or later/,
  },
  {
    rule: "btrfs for a Backup Server",
    change: { product: "pbs", ...disks({ filesystem: "btrfs", btrfs: { raid: "raid1" }, disk_list: ["sda", "sdb"] }) },
    path: "disk_setup.filesystem",
    says: /the installer of Proxmox Backup Server has no btrfs/,
  },
  {
    rule: "pinned names for a Backup Server 4.0",
    change: { product: "pbs", release: "4.0", ...pinned({}) },
    path: "network.interface_name_pinning",
    says: /needs the installer of Proxmox VE 9\.1 or later, found Proxmox Backup Server 4\.0/,
  },
  {
    rule: "a Backup Server 3.2",
    change: { product: "pbs", release: "3.2" },
    path: "global.root_password",
    says: /Proxmox Backup Server 3\.2 takes root's password only in clear text.*release = "3\.2".*as new as Proxmox VE 8\.3/,
  },
  {
    rule: "power-off for an 8.3",
    change: { release: "8.3", global: { reboot_mode: "power-off" } },
    path: "global.reboot_mode",
    says: /needs Proxmox VE 8\.4 or later, found 8\.3/,
  },
  {
    rule: "a subscription key for a 9.1",
    change: { release: "9.1", global: { subscription_key: "pve2c-0123456789" } },
    path: "global.subscription_key",
    says: /needs Proxmox VE 9\.2/,
  },
  {
    rule: "pinned names for a 9.0",
    change: { release: "9.0", ...pinned({}) },
    path: "network.interface_name_pinning",
    says: /needs Proxmox VE 9\.1/,
  },
  // [network]
  { rule: "another source", change: { network: { source: "dhcp" } }, path: "network.source", says: /"from-answer" or/ },
  { rule: "a name as dns", change: { network: { dns: "ns.example" } }, path: "network.dns", says: /an IPv4 address/ },
  {
    rule: "a list as dns",
    change: { network: { dns: ["10.11.0.1"] } },
    path: "network.dns",
    says: /an IPv4 address.*found a list/,
  },
  {
    rule: "dns with from-dhcp",
    change: { network: { source: "from-dhcp", dns: "10.11.0.1" } },
    path: "network.dns",
    says: /it comes from DHCP/,
  },
  {
    rule: "a gateway with from-dhcp",
    change: { network: { source: "from-dhcp", gateway: "10.11.0.1" } },
    path: "network.gateway",
    says: /it comes from DHCP/,
  },
  {
    rule: "a NIC that is left open",
    change: { network: { filter: {} } },
    path: "network.filter",
    says: /at least one property/,
  },
  {
    rule: "a pattern with an open bracket",
    change: { network: { filter: { ID_NET_NAME: "enp[12" } } },
    path: "network.filter.ID_NET_NAME",
    says: /every bracket closed/,
  },
  {
    rule: "pinning without enabled",
    change: { network: { interface_name_pinning: { mapping: {} } } },
    path: "network.interface_name_pinning.enabled",
    says: /^missing: expected true or false/,
  },
  {
    rule: "a mapping that is not enabled",
    change: pinned({ "52:54:00:00:00:01": "lan0" }, false),
    path: "network.interface_name_pinning.mapping",
    says: /no mapping with enabled = false/,
  },
  ...["a", "0lan", "lan-0", "a234567890123456"].map((name) => ({
    rule: `a NIC called ${name}`,
    change: pinned({ "52:54:00:00:00:01": name }),
    path: 'network.interface_name_pinning.mapping."52:54:00:00:00:01"',
    says: /2 to 15 letters, digits and underscores/,
  })),
  {
    rule: "two NICs of one name",
    change: pinned({ "52:54:00:00:00:01": "lan0", "52:54:00:00:00:02": "lan0" }),
    path: 'network.interface_name_pinning.mapping."52:54:00:00:00:02"',
    says: /lan0 is given twice/,
  },
  {
    rule: "two names for one NIC",
    change: pinned({ "52:54:00:00:00:0a": "lan0", "52-54-00-00-00-0A": "lan1" }),
    path: "network.interface_name_pinning.mapping.52-54-00-00-00-0A",
    says: /52:54:00:00:00:0a is there twice/,
  },
  {
    rule: "a name for something that is no MAC address",
    change: pinned({ eth0: "lan0" }),
    path: "network.interface_name_pinning.mapping.eth0",
    says: /expected a MAC address/,
  },
  // [disk_setup]
  {
    rule: "no file system",
    change: disks({ filesystem: undefined, disk_list: ["sda"] }),
    path: "disk_setup.filesystem",
    says: /^missing: expected "ext4", "xfs", "zfs" or "btrfs"/,
  },
  { rule: "neither list nor filter", change: disks({}), path: "disk_setup", says: /found neither/ },
  {
    rule: "both list and filter",
    change: disks({ disk_list: ["sda"], filter: { ID_MODEL: "x" } }),
    path: "disk_setup",
    says: /found both/,
  },
  { rule: "an empty list", change: disks({ disk_list: [] }), path: "disk_setup.disk_list", says: /at least one disk/ },
  { rule: "an empty filter", change: disks({ filter: {} }), path: "disk_setup.filter", says: /at least one property/ },
  {
    rule: "a text as filter",
    change: disks({ filter: "x" }),
    path: "disk_setup.filter",
    says: /a table such as filter\./,
  },
  {
    rule: "a filter by something that is no property",
    change: disks({ filter: { id_serial: "x" } }),
    path: "disk_setup.filter.id_serial",
    says: /udev property in capitals/,
  },
  {
    rule: "a filter by number",
    change: disks({ filter: { ID_SERIAL: 7 } }),
    path: "disk_setup.filter.ID_SERIAL",
    says: /a text or a pattern.*found 7/,
  },
  {
    rule: "filter_match without filter",
    change: disks({ disk_list: ["sda"], filter_match: "any" }),
    path: "disk_setup.filter_match",
    says: /a filter to go with it/,
  },
  {
    rule: "filter_match = all with ext4",
    change: disks({ filter: { ID_MODEL: "x", ID_BUS: "ata" }, filter_match: "all" }),
    path: "disk_setup.filter_match",
    says: /first disk that fits any line/,
  },
  {
    rule: "a disk by its last letter",
    change: disks({ disk_list: ["a"] }),
    path: "disk_setup.disk_list[0]",
    says: /a disk such as sda/,
  },
  {
    rule: "two disks for ext4",
    change: disks({ disk_list: ["sda", "sdb"] }),
    path: "disk_setup.disk_list",
    says: /exactly one disk for ext4, found 2/,
  },
  {
    rule: "one disk under two names",
    change: zfs("raid1", "sda", "/dev/sda"),
    path: "disk_setup.disk_list",
    says: /sda is there twice/,
  },
  ...(
    [
      ["raid1", 1, 2],
      ["raid10", 3, 4],
      ["raidz-1", 2, 3],
      ["raidz-2", 3, 4],
      ["raidz-3", 4, 5],
    ] as const
  ).map(([raid, found, least]) => ({
    rule: `${found} disks for ZFS ${raid}`,
    change: zfs(raid, ...["sda", "sdb", "sdc", "sdd"].slice(0, found)),
    path: "disk_setup.disk_list",
    says: new RegExp(`at least ${least} disks for ${raid}, found ${found}`),
  })),
  {
    rule: "five disks for RAID 10",
    change: zfs("raid10", "sda", "sdb", "sdc", "sdd", "sde"),
    path: "disk_setup.disk_list",
    says: /an even number of disks for raid10, found 5/,
  },
  {
    rule: "one disk for btrfs raid1",
    change: btrfs("raid1", "sda"),
    path: "disk_setup.disk_list",
    says: /at least 2 disks/,
  },
  { rule: "raidz1", change: zfs("raidz1", "sda"), path: "disk_setup.zfs.raid", says: /"raidz-1"/ },
  {
    rule: "raidz-1 for btrfs",
    change: btrfs("raidz-1", "sda"),
    path: "disk_setup.btrfs.raid",
    says: /"raid0", "raid1"/,
  },
  {
    rule: "zfs without its table",
    change: disks({ filesystem: "zfs", disk_list: ["sda"] }),
    path: "disk_setup.zfs",
    says: /^missing: expected a table with at least raid/,
  },
  {
    rule: "zfs without raid",
    change: disks({ filesystem: "zfs", disk_list: ["sda"], zfs: {} }),
    path: "disk_setup.zfs.raid",
    says: /^missing/,
  },
  {
    rule: "btrfs without its table",
    change: disks({ filesystem: "btrfs", disk_list: ["sda"] }),
    path: "disk_setup.btrfs",
    says: /^missing/,
  },
  ...(["zfs", "btrfs"] as const).map((table) => ({
    rule: `a ${table} table for ext4`,
    change: { disk_setup: { [table]: { raid: "raid0" } } },
    path: `disk_setup.${table}`,
    says: /no such table with filesystem = "ext4"/,
  })),
  {
    rule: "an lvm table for zfs",
    change: disks({ filesystem: "zfs", disk_list: ["sda"], zfs: { raid: "raid0" }, lvm: {} }),
    path: "disk_setup.lvm",
    says: /belongs to ext4 and xfs/,
  },
  {
    rule: "more swap than half of the disk",
    change: { disk_setup: { lvm: { hdsize: 20, swapsize: 10.5 } } },
    path: "disk_setup.lvm.swapsize",
    says: /at most half of hdsize \(10\), found 10\.5/,
  },
  {
    rule: "a size as text",
    change: { disk_setup: { lvm: { hdsize: "20G" } } },
    path: "disk_setup.lvm.hdsize",
    says: /a size in GiB, a number/,
  },
  {
    rule: "a negative size",
    change: { disk_setup: { lvm: { maxvz: -1 } } },
    path: "disk_setup.lvm.maxvz",
    says: /a number from 0/,
  },
  ...(
    [
      ["ashift", 8, /from 9 to 16/],
      ["ashift", 17, /from 9 to 16/],
      ["arc_max", 63, /from 64 to/],
      ["copies", 4, /from 1 to 3/],
      ["checksum", "md5", /"fletcher4"/],
      ["compress", "zstd-3", /"zstd"/],
    ] as const
  ).map(([key, value, says]) => ({
    rule: `${key} = ${value}`,
    change: disks({ filesystem: "zfs", disk_list: ["sda"], zfs: { raid: "raid0", [key]: value } }),
    path: `disk_setup.zfs.${key}`,
    says,
  })),
  {
    rule: "lz4 for btrfs",
    change: disks({ filesystem: "btrfs", disk_list: ["sda"], btrfs: { raid: "raid0", compress: "lz4" } }),
    path: "disk_setup.btrfs.compress",
    says: /"lzo"/,
  },
  // [first_boot]
  {
    rule: "a script that is in the ISO and phones home",
    change: { first_boot: { source: "from-iso" } },
    path: "first_boot.phone_home",
    says: /phone_home = false with source = "from-iso": that script does not know where to call/,
  },
  {
    rule: "two scripts",
    change: { first_boot: { url: "http://192.0.2.1/x", script: "#!/bin/sh\n", phone_home: false } },
    path: "first_boot.script",
    says: /only one can run/,
  },
  {
    rule: "a script that is in the ISO and elsewhere",
    change: { first_boot: { source: "from-iso", url: "http://192.0.2.1/x", phone_home: false } },
    path: "first_boot.url",
    says: /no url with source = "from-iso"/,
  },
  {
    rule: "a fingerprint without HTTPS",
    change: { first_boot: { url: "http://192.0.2.1/x", cert_fingerprint: "ab".repeat(32), phone_home: false } },
    path: "first_boot.cert_fingerprint",
    says: /a url that begins with https/,
  },
  {
    rule: "a script without #!",
    change: { first_boot: { script: "echo hello" } },
    path: "first_boot.script",
    says: /begins with #!/,
  },
  {
    rule: "a script that the installer would cut off",
    change: { first_boot: { script: `#!/bin/sh\n${"#".repeat(1_000_000)}` } },
    path: "first_boot.script",
    says: /at most 1000000 octets, found 1000010/,
  },
  {
    rule: "nothing to do at the first boot",
    change: { first_boot: { phone_home: false } },
    path: "first_boot",
    says: /leave the table out/,
  },
  {
    rule: "phoning home before there is a network",
    change: { first_boot: { ordering: "before-network" } },
    path: "first_boot.ordering",
    says: /it needs the network/,
  },
];

describe("a profile is refused for", () => {
  for (const { rule, change, path, says } of BROKEN) {
    test(rule, () => {
      const profile = parseProfile("pve", proxmoxText(change));
      assert.ok(!profile.ok, "it was accepted");
      assert.deepEqual(
        profile.error.map((problem) => problem.path),
        [path],
        JSON.stringify(profile.error),
      );
      assert.match(profile.error[0]?.message ?? "", says);
    });
  }
});

describe("a profile is accepted with", () => {
  const fine: readonly { what: string; change: Changes }[] = [
    ...[
      "$6$examplesalt$OizNdB8Cs/DbsK6EEy4yvj8EGzus5E80T9zocJomQmaftDBiPNQxSAgh9duMQAzrL5uTK1ALclqQPNxt69Ub6.",
      `$6$rounds=500000$examplesalt$${"a".repeat(86)}`,
      "$5$examplesalt$J6Np.j5FP38uF3ima.GeEsQ1DCcvKQWJMokIrVegYQ0",
      "$2b$05$abcdefghijklmnopqrstuulZY6q28TAasNIVqyslcQ8N2O7jHsCiC",
      "$gy$j9T$F5Jx5fExrKuPp53xLKQ..1$2fPNk119lYVpURASXEptvH2zRehSmMFKFgTeiFb2Ha.",
      "$7$CU..../....examplesalt$DSpO8YZyA8osjaqtlMdtEHyTm2sfFxsjavgkSIkqQoD",
    ].map((hash) => ({ what: `a hash like ${hash.slice(0, 4)}`, change: { global: { root_password_hashed: hash } } })),
    {
      what: "an ECDSA key whose comment has blanks",
      change: {
        global: {
          root_ssh_keys: [
            "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBNu5zAqwtNGvg5ndlqv+8cPEokIq/RGI8qw36nnWwEeG3kVtp2MgciHUyMwOKG29NRCPsMbIwoXWA+HLUc/F/0M= two words",
          ],
        },
      },
    },
    { what: "no SSH key", change: { global: { root_ssh_keys: [] } } },
    { what: "the time zone UTC", change: { global: { timezone: "UTC" } } },
    { what: "the time zone Europe/Kyiv", change: { global: { timezone: "Europe/Kyiv" } } },
    { what: "root@localhost as mail address", change: { global: { mailto: "root@localhost" } } },
    { what: "an ISO beside the initrd", change: { iso: true } },
    { what: "an ISO of another name", change: { iso: "auto.iso" } },
    { what: "a serial console", change: { kernel_args: "console=tty0 console=ttyS0,115200n8" } },
    { what: "four disks for RAID 10", change: zfs("raid10", "sda", "sdb", "sdc", "sdd") },
    { what: "one disk for RAID 0", change: zfs("raid0", "sda") },
    { what: "swap of half the disk", change: { disk_setup: { lvm: { hdsize: 20, swapsize: 10 } } } },
    { what: "a first boot without a script", change: { first_boot: {} } },
    {
      what: "a script before the network that does not phone home",
      change: { first_boot: { script: "#!/bin/sh\n", ordering: "before-network", phone_home: false } },
    },
  ];
  for (const { what, change } of fine) {
    test(what, () => assert.deepEqual(proxmoxProfile(change).kind, "proxmox"));
  }

  test("as many problems as it has, all at once", () => {
    const profile = parseProfile(
      "pve",
      proxmoxText({ image: 7, global: { country: "xk", nonsense: 1 }, network: { source: "x" } }),
    );
    assert.ok(!profile.ok);
    assert.deepEqual(profile.error.map(({ path }) => path).sort(), [
      "global.country",
      "global.nonsense",
      "image",
      "network.source",
    ]);
  });
});

describe("a problem's message", () => {
  for (const key of ["root_password", "root_password_hashed"]) {
    test(`does not repeat what stands at ${key}`, () => {
      const profile = parseProfile("pve", proxmoxText({ global: { [key]: "hunter22" } }));
      assert.ok(!JSON.stringify(profile).includes("hunter22"));
    });
  }

  test("about a syntax error names its line and column and not its text", () => {
    const profile = parseProfile("pve", `kind = "proxmox"\n[global]\nroot_password_hashed = "hunter22\n`);
    assert.ok(!profile.ok);
    assert.match(profile.error[0]?.path ?? "", /^line 3, column \d+$/);
    assert.ok(!JSON.stringify(profile).includes("hunter22"));
  });
});

describe("a profile warns of", () => {
  const warned: readonly { what: string; change: Changes; path: string; says: RegExp }[] = [
    {
      what: "kernel arguments that stay",
      change: { kernel_args: "quiet  console=ttyS0 vga=788 net.ifnames=0" },
      path: "kernel_args",
      says: /keeps these on its own command line: console=ttyS0 net\.ifnames=0$/,
    },
    {
      what: "a filter of two lines for ext4",
      change: disks({ filter: { ID_MODEL: "x", ID_BUS: "ata" } }),
      path: "disk_setup.filter",
      says: /first disk that fits any one of these lines is wiped/,
    },
    {
      what: "filter_match = all",
      change: disks({ filesystem: "zfs", zfs: { raid: "raid1" }, filter: { ID_MODEL: "x" }, filter_match: "all" }),
      path: "disk_setup.filter_match",
      says: /counts as fitting/,
    },
    {
      what: "several disks by name",
      change: zfs("raid1", "sda", "sdb"),
      path: "disk_setup.disk_list",
      says: /may change from boot to boot/,
    },
    {
      what: "a password in clear text",
      change: FOR_82,
      path: "global.root_password",
      says: /stands here in clear text.*chmod 600/,
    },
  ];
  for (const { what, change, path, says } of warned) {
    test(what, () => {
      const warnings = proxmoxProfile(change).warnings();
      assert.deepEqual(
        warnings.map((warning) => warning.path),
        [path],
      );
      assert.match(warnings[0]?.message ?? "", says);
    });
  }

  test("nothing when there is nothing to say", () => assert.deepEqual(proxmoxProfile().warnings(), []));
});

describe("a target is refused for", () => {
  const address = (text: string) => text as Ipv4Address;
  const targets: readonly { what: string; target: Partial<InstallTarget>; path: string; says: RegExp }[] = [
    {
      what: "a gateway elsewhere",
      target: { router: address("10.12.0.1") },
      path: "router",
      says: /inside 10\.11\.0\.0/,
    },
    { what: "an address elsewhere", target: { address: address("10.12.0.2") }, path: "address", says: /10\.12\.0\.2/ },
    {
      what: "the network's own address",
      target: { address: address("10.11.0.0") },
      path: "address",
      says: /of a host/,
    },
    { what: "the broadcast address", target: { address: address("10.11.3.255") }, path: "address", says: /of a host/ },
    { what: "the gateway's address", target: { address: address("10.11.0.1") }, path: "address", says: /gateway's/ },
    { what: "no name server", target: { domainNameServers: [] }, path: "network.dns", says: /^missing/ },
    { what: "a name of digits", target: { hostname: "42" as Hostname }, path: "hostname", says: /not a number/ },
    {
      what: "a full name that is too long",
      target: { domain: Array.from({ length: 25 }, () => "abcdefghij").join(".") as InstallTarget["domain"] },
      path: "hostname",
      says: /at most 253 characters, found 286/,
    },
  ];
  for (const { what, target, path, says } of targets) {
    test(what, () => {
      const problems = proxmoxProfile().checkTarget({ ...TARGET, ...target });
      assert.deepEqual(
        problems.map((problem) => problem.path),
        [path],
      );
      assert.match(problems[0]?.message ?? "", says);
    });
  }

  test("nothing when it is right", () => assert.deepEqual(proxmoxProfile().checkTarget(TARGET), []));

  test("nothing about addresses that come from DHCP", () => {
    const profile = proxmoxProfile({ network: { source: "from-dhcp" } });
    assert.deepEqual(profile.checkTarget({ ...TARGET, router: address("10.12.0.1"), domainNameServers: [] }), []);
  });
});
