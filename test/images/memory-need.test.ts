import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memoryNeed } from "../../src/images/memory-need.ts";

const MB = 1_000_000;

describe("memoryNeed()", () => {
  const loads: readonly { what: string; load: Parameters<typeof memoryNeed>[0]; mib: number }[] = [
    // 4 GiB are known to fail, 8 to work; Proxmox speaks of about 6.
    { what: "Proxmox VE 9.1", load: { initrd: 75 * MB, beside: 1_720 * MB, runningMib: 2048 }, mib: 6144 },
    // 4 GiB are known to fail; Ubuntu's page says 8 for the larger ones.
    { what: "Ubuntu 24.04.3", load: { initrd: 75 * MB, beside: 3_270 * MB, runningMib: 1024 }, mib: 8192 },
    { what: "Debian's netboot", load: { initrd: 40 * MB, beside: 0, runningMib: 512 }, mib: 1024 },
    { what: "something tiny", load: { initrd: 1, beside: 0, runningMib: 1 }, mib: 512 },
  ];
  for (const { what, load, mib } of loads) test(`of ${what}: ${mib} MiB`, () => assert.equal(memoryNeed(load), mib));
});
