import { z } from "zod";
import { parseDomainName, parseHostname } from "../net/hostname.ts";
import { type Ipv4Address, parseIpv4Address, parseIpv4Subnet } from "../net/ipv4-address.ts";
import { isUnicastMac, parseMacAddress } from "../net/mac-address.ts";
import { parseRelayPort } from "../net/relay-port.ts";
import { parsedText, textLike } from "../std/field.ts";
import { err, ok, type Result } from "../std/result.ts";

export const ipv4Address = parsedText("IPv4 address", "an IPv4 address such as 10.11.0.1", parseIpv4Address);

export const ipv4Subnet = parsedText(
  "IPv4 network",
  "an IPv4 network with its prefix length such as 10.11.0.0/22",
  parseIpv4Subnet,
);

export const domainName = parsedText("domain name", "a domain name such as lab.example", parseDomainName);

export const hostname = parsedText(
  "host name",
  "a host name: up to 63 letters, digits and inner hyphens, not only digits",
  parseHostname,
);

export const unicastMac = parsedText("MAC address", "the MAC address of one NIC such as 52:54:00:ab:cd:ef", (text) => {
  const mac = parseMacAddress(text);
  return mac.ok && isUnicastMac(mac.value) ? mac : err("not-a-unicast-mac");
});

export const relayPort = parsedText(
  "switch port",
  "a switch port as REMOTE-ID/CIRCUIT-ID, each in ASCII or as 0x and hexadecimal, such as switch1/7 or /eth1",
  parseRelayPort,
);

/** A line of a file such as `/etc/ssh/ssh_host_ed25519_key.pub`, without its comment. */
export const sshHostKey = parsedText(
  "SSH host key",
  "the public half of an SSH host key such as ssh-ed25519 AAAA… (the content of /etc/ssh/ssh_host_ed25519_key.pub)",
  parseHostKey,
);

function parseHostKey(text: string): Result<string, "not-a-host-key"> {
  const [, type = "", blob = ""] =
    /^((?:ssh|ecdsa)-[a-z0-9-]+) ([A-Za-z0-9+/]+={0,2})(?: .*)?$/.exec(text.trim()) ?? [];
  // The blob repeats the type, with its length in front (RFC 4253 §6.6): a key cut while copying shows here.
  const bytes = Buffer.from(blob, "base64");
  const isWhole = bytes.length >= 4 + type.length + 32 && bytes.readUInt32BE(0) === type.length;
  return isWhole && bytes.toString("latin1", 4, 4 + type.length) === type
    ? ok(`${type} ${blob}`)
    : err("not-a-host-key");
}

/** As Proxmox takes it: upper case with colons. */
export const certFingerprint = parsedText(
  "SHA-256 fingerprint",
  "the SHA-256 fingerprint of a certificate: 32 pairs of hexadecimal digits with colons",
  (text): Result<string, "not-a-fingerprint"> => {
    const digits = text.trim().replaceAll(":", "").toUpperCase();
    if (!/^[0-9A-F]{64}$/.test(digits)) return err("not-a-fingerprint");
    return ok(digits.replaceAll(/(..)(?!$)/g, "$1:"));
  },
);

/** Lower case; also one that would otherwise pass for genuine. */
export const uuidText = parsedText("UUID", "a UUID such as 03000200-0400-0500-0006-000700080009", (text) =>
  /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text) ? ok(text.toLowerCase()) : err("not-a-uuid"),
);

/** Octets of an option, lower case without separators. One option holds 255 octets (RFC 2132 §2). */
export const optionHex = parsedText(
  "hexadecimal",
  "1 to 255 octets in hexadecimal such as 0a0b0001",
  (text): Result<string, "not-octets"> => {
    const digits = text.replaceAll(/[\s:]/g, "").toLowerCase();
    return /^([0-9a-f]{2}){1,255}$/.test(digits) ? ok(digits) : err("not-octets");
  },
);

/** The `file` field of a DHCP message takes 127 octets and the terminating zero (RFC 2131 §2). */
export const assetName = textLike(
  "file below assets",
  "a file name below assets, without a leading slash or .. and at most 127 characters",
  /^(?!\/)(?!.*\/\/)(?!(.*\/)?\.{1,2}(\/|$))[A-Za-z0-9._/-]{1,127}(?<!\/)$/,
);

export const absolutePath = textLike("absolute path", "an absolute path such as /var/lib/bootqueue", /^\/[^\0\n]*$/);

/** A socket's path has room for 107 octets (`struct sockaddr_un`). */
export const socketPath = textLike(
  "absolute path",
  "an absolute path of at most 107 characters such as /run/bootqueue/bootqueue.sock",
  /^\/[\x21-\x7e]{1,106}$/,
);

/** As Linux allows them: 15 characters, no blank, no slash. */
export const interfaceName = textLike(
  "interface name",
  "the name of a network interface such as eth0",
  /^(?!\.{1,2}$)[^\s/]{1,15}$/,
);

export const profileName = textLike(
  "profile",
  "the name of a profile: its file name without .toml, of letters, digits, - and _",
  /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
);

/** As SMBIOS and udev show them; nothing that a glob would take for more than itself. */
export const serialNumber = textLike(
  "serial number",
  "a serial number of up to 64 letters, digits and . _ / - such as S4EVNX0R",
  /^[A-Za-z0-9._/-]{1,64}$/,
);

/** As udev shows them in `ID_SERIAL_SHORT`. */
export const diskSerial = textLike(
  "serial number",
  "the serial number of a disk as `lsblk --output NAME,SERIAL` shows it: up to 64 letters, digits and . _ -",
  /^[A-Za-z0-9._-]{1,64}$/,
);

export const serverTypeName = textLike(
  "server type",
  "a server type: up to 64 letters, digits and . _ -",
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
);

/** An absolute address of a web server, without a query. */
export const httpUrl = parsedText("web address", "an address such as https://netbox.example/", (text) => {
  if (!/^https?:\/\/[^\s?#]+$/.test(text) || !URL.canParse(text)) return err("not-a-web-address");
  return ok(new URL(text).href);
});

/** Names of the groups that a slot belongs to. */
export const labels = z
  .array(textLike("label", "a label: up to 64 letters, digits and . _ -", /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/))
  .max(16, { error: "expected at most 16 labels" })
  .prefault([])
  .describe("Names of groups it belongs to, for `bootqueue rebuild --label`.");

/** An address and port to listen on. */
export interface Listen {
  readonly address: Ipv4Address;
  readonly port: number;
}

export const listen = parsedText("ADDRESS:PORT", "an IPv4 address and a port such as 10.11.0.1:8080", parseListen);

function parseListen(text: string): Result<Listen, "not-an-endpoint"> {
  const [, host = "", digits = ""] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  const address = parseIpv4Address(host);
  const port = Number(digits);
  if (!address.ok || port < 1 || port > 65535) return err("not-an-endpoint");
  return ok({ address: address.value, port });
}
