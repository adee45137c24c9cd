import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { tftpFootprints } from "../../src/boot/tftp-footprint.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { TransferOutcome } from "../../src/tftp/files.ts";
import type { Footprint } from "../../src/trace/footprint.ts";
import type { Stage } from "../../src/trace/stage.ts";
import { machine } from "../support/netboot-machine.ts";

const [MAC] = machine(1).macs;
const from = { address: "10.11.0.2" as Ipv4Address, port: 1234 };
const stranger = { address: "10.11.0.9" as Ipv4Address, port: 1234 };

function watched() {
  const notes: Omit<Footprint, "at">[] = [];
  const tracer = { note: (footprint: Omit<Footprint, "at">) => void notes.push(footprint) };
  return { notes, observer: tftpFootprints(tracer, (address) => (address === from.address ? MAC : null)) };
}

const ends: readonly { outcome: TransferOutcome; left: string; stage: Stage }[] = [
  {
    outcome: { type: "complete", sizeBytes: 173_792, blksize: 1468, windowsize: 4, resent: 0 },
    left: "answered: sent snponly.efi (173792 octets, blksize 1468, windowsize 4)",
    stage: "loader-sent",
  },
  {
    outcome: { type: "complete", sizeBytes: 10, blksize: 512, windowsize: 1, resent: 3 },
    left: "answered: sent snponly.efi (10 octets, blksize 512, windowsize 1, 3 blocks sent again)",
    stage: "loader-sent",
  },
  {
    outcome: { type: "probed" },
    left: "answered: asked for the size of snponly.efi (the client ends this with ERROR 8, as UEFI does)",
    stage: "loader-probed",
  },
  {
    outcome: { type: "aborted", code: 3, message: "disk\nfull\u001b[2J" },
    left: "noted: the client broke off snponly.efi (ERROR 3: disk?full?[2J)",
    stage: "loader-broken",
  },
  {
    outcome: { type: "client-silent", ackedBlocks: 7, blocks: 119 },
    left: "dropped: gave up sending snponly.efi (no ACK after block 7 of 119; a firewall, or packets that are lost)",
    stage: "loader-broken",
  },
  {
    outcome: { type: "client-silent", ackedBlocks: 118, blocks: 119 },
    left: "answered: sent snponly.efi (the ACK of the last block never came, which is all that many clients leave out)",
    stage: "loader-sent",
  },
  {
    outcome: { type: "shut-down" },
    left: "dropped: broke off snponly.efi (the daemon is stopping)",
    stage: "loader-broken",
  },
];

describe("tftpFootprints()", () => {
  for (const { outcome, left, stage } of ends) {
    test(`a transfer that ended ${JSON.stringify(outcome)}`, () => {
      const { notes, observer } = watched();
      observer.ended?.({ filename: "snponly.efi", from, outcome });
      assert.deepEqual(
        notes.map(({ outcome: kind, what, why }) => `${kind}: ${what} (${why})`),
        [left],
      );
      assert.deepEqual([notes[0]?.mac, notes[0]?.road, notes[0]?.stage], [MAC, "tftp", stage]);
    });
  }

  for (const [filename, stage] of [
    ["/pve/linux26", "kernel-sent"],
    ["/pve/initrd.img", "initrd-sent"],
    ["/grub/grub.cfg", "script-sent"],
    ["pxelinux.0", "loader-sent"],
  ] as const) {
    test(`${filename} shows that it is at ${stage}`, () => {
      const { notes, observer } = watched();
      observer.ended?.({
        filename,
        from,
        outcome: { type: "complete", sizeBytes: 1, blksize: 512, windowsize: 1, resent: 0 },
      });
      assert.equal(notes[0]?.stage, stage);
    });
  }

  for (const [filename, stage] of [
    ["snponly.efi", "loader-missing"],
    ["grub/x86_64-efi/command.lst", null],
    ["revocations_sbat.efi", null],
  ] as const) {
    test(`that there is no ${filename} shows ${stage}`, () => {
      const { notes, observer } = watched();
      observer.refused?.({ filename, from, message: "no such file" });
      assert.equal(notes[0]?.stage, stage);
    });
  }

  test("a request that was refused, with the reason", () => {
    const { notes, observer } = watched();
    observer.refused?.({ filename: "autoexec.ipxe", from, message: "file not found" });
    assert.deepEqual(notes, [
      {
        mac: MAC,
        road: "tftp",
        outcome: "dropped",
        what: "RRQ autoexec.ipxe refused",
        why: "file not found",
        stage: null,
        fields: { from: "10.11.0.2" },
      },
    ]);
  });

  test("of an address that no host has is nobody's", () => {
    const { notes, observer } = watched();
    observer.refused?.({ filename: "x", from: stranger, message: "file not found" });
    observer.ended?.({ filename: "x", from: stranger, outcome: { type: "probed" } });
    assert.deepEqual(
      notes.map(({ mac }) => mac),
      [null, null],
    );
  });

  test("a file name from the network is one line of printable letters, and not endless", () => {
    const { notes, observer } = watched();
    observer.refused?.({ filename: `a\nb\u0000ü${"x".repeat(500)}`, from, message: "file not found" });
    assert.match(notes[0]?.what ?? "", /^RRQ a\?b\?\?x{195} refused$/);
  });
});
