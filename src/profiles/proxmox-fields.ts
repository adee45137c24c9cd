import { z } from "zod";
import { parseDomainName } from "../net/hostname.ts";
import { parseIpv4Address } from "../net/ipv4-address.ts";
import { type MacAddress, parseMacAddress } from "../net/mac-address.ts";
import { memberOf, parsedText, textLike } from "../std/field.ts";
import { err, ok, type Result } from "../std/result.ts";
import { COUNTRIES, KEYBOARDS, TIME_ZONES } from "./proxmox-tables.ts";

export const ipv4Address = parsedText("IPv4 address", "an IPv4 address such as 10.11.0.1", parseIpv4Address);

export const domainName = parsedText("domain name", "a domain name such as lab.example", parseDomainName);

export const keyboard = memberOf(
  "keyboard layout",
  `a keyboard layout of the installer (${[...KEYBOARDS].join(", ")})`,
  KEYBOARDS,
  { us: "en-us", uk: "en-gb", gb: "en-gb", en: "en-us", "de-nodeadkeys": "de" },
);

export const country = memberOf("country code", "a country of ISO 3166-1 as two lower-case letters", COUNTRIES, {
  uk: "gb",
  ...Object.fromEntries([...COUNTRIES].map((code) => [code.toUpperCase(), code])),
});

export const timezone = memberOf("time zone", "a time zone of zone.tab such as Europe/Berlin, or UTC", TIME_ZONES, {
  utc: "UTC",
  GMT: "UTC",
  "Etc/UTC": "UTC",
  "Etc/GMT": "UTC",
  "US/Eastern": "America/New_York",
  "US/Central": "America/Chicago",
  "US/Mountain": "America/Denver",
  "US/Pacific": "America/Los_Angeles",
  "Europe/Kiev": "Europe/Kyiv",
  "Asia/Calcutta": "Asia/Kolkata",
});

/** The pattern of HTML5, which the installer uses; and not the placeholder that it refuses. */
export const mailAddress = textLike(
  "mail address",
  "a mail address such as root@lab.example",
  /^(?!mail@example\.invalid$)[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/,
);

/** What stands in the example profile until the operator has put a hash there. */
export const HASH_PLACEHOLDER = "FILL-IN";

const PASSWORD_WANTED = "expected a password of at least 8 octets, without control characters";
const MKPASSWD = "make one with: mkpasswd --method=yescrypt (package whois)";

/** crypt(5): yescrypt, gost-yescrypt, scrypt, bcrypt, SHA-512, SHA-256. The installer itself would take anything. */
export const passwordHash = passwordHashOf("root's password");

/** `whose`: "root's password". */
export function passwordHashOf(whose: string) {
  return z
    .string({ error: `expected the hash of ${whose}; ${MKPASSWD}` })
    .superRefine((text, context) => {
      const fault = hashFault(text, whose);
      if (fault !== null) context.addIssue({ code: "custom", message: fault });
    })
    .meta({ "x-type": "crypt(3) hash" });
}

/** Of root, in clear text. The length is what installers since 8.4 want. */
export const password = z
  .string({ error: PASSWORD_WANTED })
  .refine((text) => Buffer.byteLength(text) >= 8 && !/\p{C}/u.test(text), { error: PASSWORD_WANTED })
  .meta({ "x-type": "password" });

/** In whole sentences, so that nothing of the value is repeated. */
function hashFault(text: string, whose: string): string | null {
  if (text === HASH_PLACEHOLDER) return `still to be filled in with the hash of ${whose}; ${MKPASSWD}`;
  if (HASHES.some((form) => form.test(text))) return null;
  if (text.startsWith("$1$")) return `MD5 hashes ($1$) are too weak; ${MKPASSWD}`;
  if (text.startsWith("$")) return `this hash is damaged or of an unknown form; ${MKPASSWD}, and paste all of it`;
  return `wanted the hash of the password, not the password; ${MKPASSWD}`;
}

const HASHES = [
  /^\$(y|gy)\$[./0-9A-Za-z]+\$[./0-9A-Za-z]{0,86}\$[./0-9A-Za-z]{43}$/,
  /^\$7\$[./0-9A-Za-z]{11,97}\$[./0-9A-Za-z]{43}$/,
  /^\$2[abxy]\$\d{2}\$[./0-9A-Za-z]{53}$/,
  /^\$6\$(rounds=\d+\$)?[^$:\s]{0,16}\$[./0-9A-Za-z]{86}$/,
  /^\$5\$(rounds=\d+\$)?[^$:\s]{0,16}\$[./0-9A-Za-z]{43}$/,
];

/** One line of `authorized_keys` (sshd(8)): options, if any, type, base64 of the same type, comment. */
export const sshPublicKey = parsedText(
  "SSH public key",
  "one SSH public key per item such as ssh-ed25519 AAAA… name (the content of a .pub file)",
  parsePublicKey,
);

/** `no-pty,from="10.11.0.0/22" ` */
const KEY_OPTIONS = /^[A-Za-z-]+(="(\\"|[^"\r\n])*")?(,[A-Za-z-]+(="(\\"|[^"\r\n])*")?)* (?=(sk-)?(ssh|ecdsa)-)/;

function parsePublicKey(text: string): Result<string, "not-a-public-key"> {
  const line = text.trim();
  const [, type, blob] =
    /^((?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})(?: [^\r\n]*)?$/.exec(line.replace(KEY_OPTIONS, "")) ??
    [];
  if (type === undefined || blob === undefined) return err("not-a-public-key");
  // The blob repeats the type, with its length in front (RFC 4253 §6.6): a key cut while copying shows here.
  const bytes = Buffer.from(blob, "base64");
  const named = bytes.length > 4 && bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString("latin1") === type;
  return named && bytes.length >= 4 + type.length + 32 ? ok(line) : err("not-a-public-key");
}

/** A folder or file below `assets/`, in characters that need no quoting in an URL or a boot script. */
export const assetPath = textLike(
  "path below assets",
  "a path below assets such as pve-9.2, of letters, digits, and . _ - between the slashes",
  /^(?!(.*\/)?\.{1,2}(\/|$))[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/,
);

/**
 * Words for the kernel's command line. The installer writes most of them into a file that a shell reads, so nothing
 * that means something to a shell, or to iPXE, is allowed.
 */
export const kernelArgs = textLike(
  "kernel arguments",
  "kernel arguments of letters, digits and . _ , : = / @ + % - only: no quotes, $ or backticks, because a shell reads them on the installed system",
  /^[A-Za-z0-9._,:=/@+% -]*$/,
);

/** The name of a property in udev's database. */
export const udevProperty = z.string().regex(/^[A-Z][A-Z0-9_]*$/, {
  error: "expected the name of a udev property in capitals such as ID_SERIAL",
});

/** As the installer's Rust reads them (crate `glob`): a bracket that stays open, or `**` in a word, stops it. */
export const glob = textLike(
  "glob",
  "a text or a pattern with *, ? and [abc] or [!abc], every bracket closed and no ** in it",
  /^(?!.*\*\*)([^\0\r\n[]|\[!?[^\0\r\n][^\0\r\n\]]*\])+$/,
);

/** The end of a device's path, with or without `/dev/`. Links such as `/dev/disk/by-id/…` are not what the installer compares. */
export const diskName = textLike(
  "disk",
  "a disk such as sda, nvme0n1 or /dev/sda (links below /dev/disk are not known to the installer; use filter)",
  /^(\/dev\/)?[a-z]{2}[a-z0-9]+(\/[a-z0-9]+)?$/,
);

/** Sizes are numbers, never texts with a unit. */
export function gibibytes(min: number): z.ZodNumber {
  const error = `expected a size in GiB, a number from ${min} to 1000000`;
  return z.number({ error }).min(min, { error }).max(1_000_000, { error }).meta({ "x-type": "GiB" });
}

/** Stands for the NIC that the machine booted from, whose address no profile for many machines can name. */
const BOOT_NIC = "boot";

/** The key of a mapping by NIC. */
export const nicKey = z.string().refine((text) => text === BOOT_NIC || parseMacAddress(text).ok, {
  error: 'expected a MAC address such as 52:54:00:ab:cd:ef, or "boot" for the NIC that the machine booted from',
});

/** For keys that `nicKey` has let through. */
export function macOfKey(key: string, bootMac: MacAddress): MacAddress {
  if (key === BOOT_NIC) return bootMac;
  const mac = parseMacAddress(key);
  if (!mac.ok) throw new RangeError(`not a MAC address: ${key}`);
  return mac.value;
}
