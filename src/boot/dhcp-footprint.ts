import type { DhcpMessage } from "../dhcp/message.ts";
import type { DhcpReport } from "../dhcp/policy.ts";
import { UNSPECIFIED } from "../net/ipv4-address.ts";
import type { DhcpMode } from "../queue/host.ts";
import type { Footprint } from "../trace/footprint.ts";
import type { Stage } from "../trace/stage.ts";
import { type BootClient, describeClient } from "./client.ts";

/** One datagram, as it stands on the timeline. `mode`: how the one who sent it is served. */
export function dhcpFootprint(report: DhcpReport, client: BootClient | null, mode: DhcpMode): Omit<Footprint, "at"> {
  const { request, reply, from, to, reason } = report;
  if (request === null) {
    return { mac: null, road: "dhcp", outcome: "dropped", what: `a datagram from ${from.address}`, why: reason };
  }
  const who = client === null ? "" : ` from ${describeClient(client)}`;
  // Each of these is one form of object: copies of several would each be a form of its own, for every packet.
  const xid = request.xid.toString(16).padStart(8, "0");
  const asked = request.type;
  const unknown = unknownArchitecture(client);
  if (reply === null) {
    const outcome = wantsNone(request, mode) ? "noted" : "dropped";
    return {
      mac: request.mac,
      road: "dhcp",
      outcome,
      what: `${request.type}${who}`,
      why: reason,
      stage: outcome === "dropped" && COUNT_AS_IGNORED.has(asked) ? "ignored" : null,
      fields: told({ xid, asked }, unknown),
    };
  }
  const file = reply.options.bootfileName ?? reply.file;
  const loads = file === "" ? "" : `, boot file ${file}`;
  const address = reply.yiaddr === UNSPECIFIED ? "without an address" : reply.yiaddr;
  const what =
    reply.type === "NAK" ? `NAK to ${request.type}${who}` : `${reply.type} ${address}${loads} to ${request.type}${who}`;
  return {
    mac: request.mac,
    road: "dhcp",
    outcome: reply.type === "NAK" ? "dropped" : "answered",
    what,
    why: reason === "" && file === "" ? whyNothingToLoad(client) : reason,
    stage: stageOfReply(reply, client, file !== ""),
    fields: told(
      to === null ? { xid, asked, sent: reply.type } : { xid, asked, sent: reply.type, to: `${to.address}:${to.port}` },
      unknown,
    ),
  };
}

const COUNT_AS_IGNORED: ReadonlySet<string> = new Set(["DISCOVER", "REQUEST", "INFORM"]);

/** Who asks for nothing to load, and gets none, is the installer. */
function stageOfReply({ type, yiaddr }: DhcpMessage, client: BootClient | null, loads: boolean): Stage {
  if (type === "NAK") return "address-refused";
  const isIpxe = client?.type === "ipxe";
  if (yiaddr === UNSPECIFIED) return isIpxe ? "ipxe-directed" : "firmware-directed";
  if (isIpxe) return type === "OFFER" ? "ipxe-offered" : "ipxe-leased";
  if (loads) return type === "OFFER" ? "firmware-offered" : "firmware-leased";
  return type === "OFFER" ? "installer-offered" : "installer-leased";
}

/**
 * RELEASE and DECLINE expect no answer, so silence is no refusal; nor, beside another server, is it when a client takes
 * that server's address, which is what it should do.
 */
function wantsNone({ type, options }: DhcpMessage, mode: DhcpMode): boolean {
  if (type === "RELEASE" || type === "DECLINE") return true;
  return mode === "proxy" && type === "REQUEST" && options.serverIdentifier !== undefined;
}

/** Empty for who loads nothing, or knows by itself what. */
function whyNothingToLoad(client: BootClient | null): string {
  if (client?.type !== "firmware" || client.architecture?.label === "Raspberry Pi") return "";
  const { architecture, architectureCode } = client;
  const which =
    architecture === null
      ? `its architecture ${architectureCode ?? "(none given)"} is unknown`
      : `there is no boot loader for ${architecture.label}`;
  return architecture?.firmware != null ? "" : `no boot file: ${which}`;
}

/** Option 93 as it was sent, where our table does not know the number; else null. */
function unknownArchitecture(client: BootClient | null): number | null {
  return client?.type === "firmware" && client.architecture === null ? client.architectureCode : null;
}

function told(fields: Record<string, string>, architecture: number | null): NonNullable<Footprint["fields"]> {
  return architecture === null ? fields : { ...fields, architecture };
}
