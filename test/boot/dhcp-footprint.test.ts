import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { identifyClient } from "../../src/boot/client.ts";
import { dhcpFootprint } from "../../src/boot/dhcp-footprint.ts";
import type { MessageType } from "../../src/dhcp/message-type.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { Stage } from "../../src/trace/stage.ts";
import { stageByWords } from "../../src/trace/stage-by-words.ts";
import { dhcpRequest } from "../support/dhcp-request.ts";
import { INSTALLER, IPXE, LAPTOP, machine, type Program, says, UEFI_X64 } from "../support/netboot-machine.ts";

const ADDRESS = "10.11.0.2" as Ipv4Address;
const HERE = { address: "10.11.0.1" as Ipv4Address, port: 67 };

/** `reply` null: none was sent. */
const cases: readonly {
  program: Program;
  asks: MessageType;
  reply: { type: MessageType; yiaddr?: Ipv4Address; file?: string } | null;
  stage: Stage | null;
}[] = [
  { program: UEFI_X64, asks: "DISCOVER", reply: null, stage: "ignored" },
  { program: LAPTOP, asks: "INFORM", reply: null, stage: "ignored" },
  { program: UEFI_X64, asks: "RELEASE", reply: null, stage: null },
  { program: LAPTOP, asks: "DECLINE", reply: null, stage: null },
  { program: LAPTOP, asks: "REQUEST", reply: { type: "NAK" }, stage: "address-refused" },
  {
    program: UEFI_X64,
    asks: "DISCOVER",
    reply: { type: "OFFER", yiaddr: ADDRESS, file: "snponly.efi" },
    stage: "firmware-offered",
  },
  {
    program: UEFI_X64,
    asks: "REQUEST",
    reply: { type: "ACK", yiaddr: ADDRESS, file: "snponly.efi" },
    stage: "firmware-leased",
  },
  { program: UEFI_X64, asks: "DISCOVER", reply: { type: "OFFER", file: "snponly.efi" }, stage: "firmware-directed" },
  {
    program: IPXE,
    asks: "DISCOVER",
    reply: { type: "OFFER", yiaddr: ADDRESS, file: "http://x/ipxe" },
    stage: "ipxe-offered",
  },
  { program: IPXE, asks: "REQUEST", reply: { type: "ACK", yiaddr: ADDRESS }, stage: "ipxe-leased" },
  { program: IPXE, asks: "DISCOVER", reply: { type: "OFFER", file: "http://x/ipxe" }, stage: "ipxe-directed" },
  { program: INSTALLER, asks: "DISCOVER", reply: { type: "OFFER", yiaddr: ADDRESS }, stage: "installer-offered" },
  { program: INSTALLER, asks: "REQUEST", reply: { type: "ACK", yiaddr: ADDRESS }, stage: "installer-leased" },
];

describe("dhcpFootprint()", () => {
  for (const { program, asks, reply, stage } of cases) {
    const request = says(machine(1), program, asks);
    const sent = reply === null ? null : dhcpRequest(reply.type, {}, { op: 2, ...reply });
    const report = { request, reply: sent, from: HERE, to: null, reason: "" };
    const footprint = dhcpFootprint(report, identifyClient(request), "full");

    test(`${footprint.what} shows ${stage}`, () => assert.equal(footprint.stage, stage));

    test(`${footprint.what} in the words of which earlier releases' lines are read`, () =>
      assert.equal(stageByWords(footprint), stage));
  }
});
