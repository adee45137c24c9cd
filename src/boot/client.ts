import type { DhcpMessage } from "../dhcp/message.ts";
import type { MacAddress } from "../net/mac-address.ts";
import { ARCHITECTURES, type Architecture, RASPBERRY_PI } from "./architecture.ts";
import { claimedArchitecture } from "./claimed-architecture.ts";

/** What kind of program sent a DHCP message. */
export type BootClient =
  | {
      readonly type: "firmware";
      readonly transport: "tftp" | "http";
      /** As `claimedArchitecture` reads it; null: it names none. */
      readonly architectureCode: number | null;
      /** null: not in our table. */
      readonly architecture: Architecture | null;
    }
  | {
      readonly type: "ipxe";
      /** Can it load a script by HTTP? A trimmed ROM may not. */
      readonly http: boolean;
      readonly architectureCode: number | null;
      readonly architecture: Architecture | null;
    }
  /** The Proxmox installer in automated mode: an ordinary client but for what it asks. */
  | { readonly type: "installer" }
  | {
      readonly type: "other";
      /** Option 60 in printable ASCII, cut to a readable length; empty: none. */
      readonly vendorClass: string;
      /** U-Boot and Petitboot say what they run on, and look for files of their own; null: it says nothing known. */
      readonly architecture: Architecture | null;
    };

/**
 * The order matters: a chained iPXE still calls itself PXEClient (ipxe/ipxe issue 1527), and the installer can only be
 * told by its wish for options 250 and 251 (proxmox/pve-installer, unconfigured.sh).
 */
export function identifyClient(message: DhcpMessage): BootClient {
  const { options, raw } = message;
  const { architectureCode, architecture } = architectureOf(message);
  const vendorClass = options.vendorClassIdentifier ?? "";
  const isPxe = vendorClass.startsWith("PXEClient");
  // Noise has a 175 now and then: without any other sign it must be one that iPXE could have written.
  const etherboot = isPxe ? raw.has(ETHERBOOT) : namesFeatures(options.etherboot);
  if (options.userClass?.includes("iPXE") || etherboot) {
    const http = options.etherboot === undefined || options.etherboot.has(FEATURE_HTTP);
    return { type: "ipxe", http, architectureCode, architecture };
  }
  if (vendorClass.startsWith("HTTPClient"))
    return { type: "firmware", transport: "http", architectureCode, architecture };
  if (isPxe) return { type: "firmware", transport: "tftp", architectureCode, architecture };
  const asked = options.parameterRequestList ?? [];
  if (asked.includes(PROXMOX_ANSWER_URL) && asked.includes(PROXMOX_CERT_FINGERPRINT)) return { type: "installer" };
  const printable = vendorClass.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, VENDOR_CLASS_MAX);
  return { type: "other", vendorClass: printable, architecture };
}

/** Features of one octet (ipxe/ipxe src/include/ipxe/features.h). */
function namesFeatures(etherboot: ReadonlyMap<number, Uint8Array> | undefined): boolean {
  if (etherboot === undefined) return false;
  return [...etherboot].some(
    ([code, octets]) => code >= FEATURE_FIRST && code <= FEATURE_LAST && octets.length === 1 && octets[0] === 1,
  );
}

/** For the trace: `UEFI x64 firmware`. */
export function describeClient(client: BootClient): string {
  switch (client.type) {
    case "firmware":
      return `${client.architecture?.label ?? `architecture ${client.architectureCode ?? "unknown"}`} firmware`;
    case "ipxe":
      return client.architecture === null ? "iPXE" : `iPXE on ${client.architecture.label}`;
    case "installer":
      return "Proxmox installer";
    case "other": {
      const runsOn = client.architecture === null ? "" : ` for ${client.architecture.label}`;
      return `an ordinary DHCP client${runsOn}${client.vendorClass === "" ? "" : ` (${client.vendorClass})`}`;
    }
  }
}

function architectureOf(message: DhcpMessage) {
  const said = claimedArchitecture(message);
  const { mac, raw } = message;
  const architectureCode = said === BIOS && isRaspberryPi(mac, raw.get(97)) ? RASPBERRY_PI : said;
  return { architectureCode, architecture: ARCHITECTURES.get(architectureCode ?? -1) ?? null };
}

/**
 * Its boot ROM says BIOS and can run no BIOS loader; it is told by the maker's addresses, and from the Pi 4 on by a UUID
 * that begins with letters (raspberrypi/documentation, eeprom-bootloader.adoc).
 */
function isRaspberryPi(mac: MacAddress | null, uuid: Uint8Array | undefined): boolean {
  if (mac !== null && RASPBERRY_PI_MAKERS.has(mac.slice(0, 8))) return true;
  return uuid?.length === 17 && /^RPi\d/.test(Buffer.from(uuid.subarray(1)).toString("latin1"));
}

const BIOS = 0;
const RASPBERRY_PI_MAKERS: ReadonlySet<string> = new Set([
  "b8:27:eb",
  "dc:a6:32",
  "e4:5f:01",
  "28:cd:c1",
  "d8:3a:dd",
  "2c:cf:67",
]);

const ETHERBOOT = 175;
const FEATURE_FIRST = 0x10;
const FEATURE_LAST = 0x4f;
const FEATURE_HTTP = 0x13;
const PROXMOX_ANSWER_URL = 250;
const PROXMOX_CERT_FINGERPRINT = 251;
const VENDOR_CLASS_MAX = 80;
