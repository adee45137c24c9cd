import { type Ipv4Address, UNSPECIFIED } from "../net/ipv4-address.ts";
import { composeMessage, type DhcpMessage } from "./message.ts";

/** Another DHCP server, by what one of its answers says of it. */
export interface ForeignServer {
  /** What it calls itself (option 54), else where the answer came from. */
  readonly address: Ipv4Address;
  /** `full`: it gives addresses. `proxy`: it only says what to boot. */
  readonly kind: "full" | "proxy";
  /** The address it offered; null: none. */
  readonly offered: Ipv4Address | null;
  /** The first router it named; null: none. */
  readonly router: Ipv4Address | null;
  /** null: it named none. */
  readonly bootFile: string | null;
  /**
   * It claims to be a boot server (60 `PXEClient`) and does not say how to use it (43), as a Windows server with option 60
   * set does: UEFI then asks its port 4011 and gets nothing, while BIOS machines boot (FOGProject/fog-docs pull 188).
   */
  readonly claimsBootServer: boolean;
}

/** null: `answer` is no server's OFFER or ACK, or our own. */
export function foreignServerOf(answer: DhcpMessage, from: Ipv4Address, own: Ipv4Address): ForeignServer | null {
  const { op, type, yiaddr, options, file } = answer;
  const address = options.serverIdentifier ?? from;
  if (op !== BOOTREPLY || (type !== "OFFER" && type !== "ACK") || from === own || address === own) return null;
  const isBootServer = options.vendorClassIdentifier?.startsWith("PXEClient") ?? false;
  const gives = yiaddr !== UNSPECIFIED;
  const bootFile = options.bootfileName ?? file;
  return {
    address,
    // An ACK without an address may also answer an INFORM.
    kind: gives || !isBootServer ? "full" : "proxy",
    offered: gives ? yiaddr : null,
    router: options.router?.[0] ?? null,
    bootFile: bootFile === "" ? null : bootFile,
    claimsBootServer: isBootServer && options.vendorSpecificInformation === undefined,
  };
}

/** What it is and what that means for machines, in words. */
export function describeForeignServer(server: ForeignServer): string {
  const { address, kind, offered, router, bootFile, claimsBootServer } = server;
  const parts = [
    kind === "proxy"
      ? `${address} is a proxyDHCP server: it tells machines what to boot`
      : `${address} is a DHCP server that gives addresses${offered === null ? "" : ` (${offered})`}`,
  ];
  if (router !== null) parts.push(`with the router ${router}`);
  if (bootFile !== null) parts.push(`and names the boot file ${bootFile}`);
  const claim =
    "; it claims to be a boot server (option 60 PXEClient) without saying how (option 43), so UEFI machines ask its port 4011 in vain (PXE-E16, PXE-E55): remove option 60 there";
  return `${parts.join(" ")}${claimsBootServer ? claim : ""}`;
}

/**
 * A DISCOVER that nobody means, to see who answers. `asPxe`: as UEFI firmware, which proxies answer too. It asks for a
 * broadcast, because the address that is offered will never be ours; its user class tells others of our kind.
 */
export function composeLook(chaddr: Uint8Array, xid: number, asPxe: boolean): DhcpMessage {
  const pxe = {
    vendorClassIdentifier: "PXEClient:Arch:00007:UNDI:003000",
    clientSystemArchitecture: [7],
    userClass: [LOOK_CLASS],
  };
  return composeMessage(
    { op: BOOTREQUEST, xid, chaddr, broadcast: true },
    {
      dhcpMessageType: "DISCOVER",
      parameterRequestList: [1, 3, 6, 15, 43, 54, 60, 66, 67],
      ...(asPxe ? pxe : { userClass: [LOOK_CLASS] }),
    },
  );
}

/** Whether a DISCOVER was made by `composeLook`, here or by another daemon like this one. */
export function isLook({ options }: DhcpMessage): boolean {
  return options.userClass?.includes(LOOK_CLASS) ?? false;
}

const LOOK_CLASS = "bootqueue-look";
const BOOTREQUEST = 1;
const BOOTREPLY = 2;
