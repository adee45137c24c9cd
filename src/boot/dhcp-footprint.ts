import type { DhcpReport } from "../dhcp/policy.ts";
import type { Footprint } from "../trace/footprint.ts";
import { type BootClient, describeClient } from "./client.ts";

/** One datagram, as it stands on the timeline. */
export function dhcpFootprint(report: DhcpReport, client: BootClient | null): Omit<Footprint, "at"> {
  const { request, reply, from, to, reason } = report;
  if (request === null) {
    return { mac: null, road: "dhcp", outcome: "dropped", what: `a datagram from ${from.address}`, why: reason };
  }
  const who = client === null ? "" : ` from ${describeClient(client)}`;
  const fields = { xid: request.xid.toString(16).padStart(8, "0"), asked: request.type };
  if (reply === null) {
    // RELEASE and DECLINE expect no answer, so silence is no refusal.
    const wantsNone = request.type === "RELEASE" || request.type === "DECLINE";
    const outcome = wantsNone ? "noted" : "dropped";
    return { mac: request.mac, road: "dhcp", outcome, what: `${request.type}${who}`, why: reason, fields };
  }
  const file = reply.options.bootfileName ?? reply.file;
  const loads = file === "" ? "" : `, boot file ${file}`;
  const what =
    reply.type === "NAK"
      ? `NAK to ${request.type}${who}`
      : `${reply.type} ${reply.yiaddr}${loads} to ${request.type}${who}`;
  return {
    mac: request.mac,
    road: "dhcp",
    outcome: reply.type === "NAK" ? "dropped" : "answered",
    what,
    why: reason,
    fields: { ...fields, sent: reply.type, ...(to === null ? {} : { to: `${to.address}:${to.port}` }) },
  };
}
