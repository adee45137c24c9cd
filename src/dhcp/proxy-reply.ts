import { type Ipv4Address, UNSPECIFIED } from "../net/ipv4-address.ts";
import { addBootTarget } from "./boot-target.ts";
import type { Exchange } from "./exchange.ts";
import { composeMessage, type DhcpMessage } from "./message.ts";
import { encapsulated } from "./option-codec.ts";
import type { BootTarget } from "./policy.ts";
import { type HeaderDraft, type OptionsDraft, replyHeaderOf } from "./reply-header.ts";

/**
 * proxyDHCP (PXE 2.1 §2.2): what to boot, and neither address nor lease. An OFFER to a DISCOVER, an ACK to the question
 * on port 4011; null for everything else, which is the other server's business.
 */
export function composeBootOnly(
  request: DhcpMessage,
  exchange: Exchange,
  boot: BootTarget,
  serverIdentifier: Ipv4Address,
): DhcpMessage | null {
  if (exchange.type !== "DISCOVER" && exchange.type !== "BOOT-SERVER") return null;
  const onBootServerPort = exchange.type === "BOOT-SERVER";
  const header: HeaderDraft = {
    ...replyHeaderOf(request),
    ciaddr: onBootServerPort ? exchange.address : UNSPECIFIED,
  };
  const options: OptionsDraft = { dhcpMessageType: onBootServerPort ? "ACK" : "OFFER", serverIdentifier };
  addBootTarget(boot, header, options);
  options.vendorClassIdentifier = boot.type === "http" ? "HTTPClient" : "PXEClient";
  if (onBootServerPort) addBootItem(request, options);
  // Without this EDK2 and BIOS ROMs would ask port 4011, although all is said.
  else if (boot.type !== "http" && boot.type !== "raspberry-pi" && !boot.viaBootServer)
    options.vendorSpecificInformation = BOOT_FROM_THIS_OFFER;
  // Else iPXE, unlike EDK2, prefers a file that the other server names.
  if (boot.type === "ipxe") options.etherboot = IPXE_PREFERS_US;

  // The identifier (RFC 6842), the relay's information (RFC 3046 §2.2) and the UUID (RFC 4578 §2.3) as they came.
  const echoed = new Map<number, Uint8Array>();
  for (const code of [61, 82, 97]) {
    const octets = request.raw.get(code);
    if (octets !== undefined) echoed.set(code, octets);
  }
  return composeMessage(header, options, echoed);
}

/** The client compares the item of its menu (sub-option 71) with the one in the answer. */
function addBootItem(request: DhcpMessage, options: OptionsDraft): void {
  const asked = request.options.vendorSpecificInformation;
  const item = asked === undefined ? undefined : encapsulated.decode(asked)?.get(PXE_BOOT_ITEM);
  if (item !== undefined && item.length === 4) {
    options.vendorSpecificInformation = Uint8Array.of(PXE_BOOT_ITEM, 4, ...item, 255);
  }
}

const PXE_BOOT_ITEM = 71;

/** PXE discovery control (sub-option 6), bit 3: take the file from this packet, show no menu, ask nobody. */
const BOOT_FROM_THIS_OFFER = Uint8Array.of(6, 1, 8, 255);

const IPXE_PREFERS_US: ReadonlyMap<number, Uint8Array> = new Map([[1, Uint8Array.of(0x7f)]]);
