import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { identifyClient } from "../../src/boot/client.ts";
import { nextRung } from "../../src/boot/ladder.ts";
import { Urls } from "../../src/boot/urls.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { AttemptToken } from "../../src/queue/host.ts";
import type { Instant } from "../../src/std/clock.ts";
import { BOOT_FILES, SERVER } from "../support/machine-bench.ts";
import {
  BIOS,
  firmwareOf,
  HTTP_X64,
  INSTALLER,
  IPXE,
  IPXE_WITHOUT_HTTP,
  LAPTOP,
  machine,
  type Program,
  says,
  UEFI_ARM64,
  UEFI_X64,
} from "../support/netboot-machine.ts";

const SCRIPT = "http://10.97.0.1/ipxe/52-54-00-00-01-01";

const rungs: readonly { program: Program; what: string; type: "pxe" | "http" | "ipxe"; file: string }[] = [
  { what: "BIOS", program: BIOS, type: "pxe", file: "undionly.kpxe" },
  { what: "UEFI x64", program: UEFI_X64, type: "pxe", file: "snponly.efi" },
  { what: "UEFI x64 that says EBC", program: firmwareOf(9), type: "pxe", file: "snponly.efi" },
  { what: "UEFI IA32", program: firmwareOf(6), type: "pxe", file: "i386/snponly.efi" },
  { what: "UEFI ARM64", program: UEFI_ARM64, type: "pxe", file: "arm64/snponly.efi" },
  { what: "HTTP Boot on x64", program: HTTP_X64, type: "http", file: "http://10.97.0.1/assets/snponly.efi" },
  {
    what: "HTTP Boot on ARM64",
    program: firmwareOf(19, "HTTPClient"),
    type: "http",
    file: "http://10.97.0.1/assets/arm64/snponly.efi",
  },
  { what: "iPXE", program: IPXE, type: "ipxe", file: SCRIPT },
  { what: "an iPXE without HTTP", program: IPXE_WITHOUT_HTTP, type: "pxe", file: "undionly.kpxe" },
  {
    what: "an iPXE that names no architecture",
    program: { options: { userClass: ["iPXE"] }, sendsUuid: false },
    type: "ipxe",
    file: SCRIPT,
  },
];

const nothing: readonly { program: Program; what: string; why: string }[] = [
  { what: "an unknown architecture", program: firmwareOf(77), why: "its architecture 77 is unknown" },
  {
    what: "firmware without option 93",
    program: { options: { vendorClassIdentifier: "PXEClient" }, sendsUuid: true },
    why: "its architecture (none given) is unknown",
  },
  { what: "ARM32", program: firmwareOf(10), why: "there is no boot loader for UEFI ARM32" },
  { what: "RISC-V", program: firmwareOf(27), why: "there is no boot loader for UEFI RISC-V 64" },
  { what: "the installer", program: INSTALLER, why: "it is not a netboot client" },
  { what: "a laptop", program: LAPTOP, why: "it is not a netboot client" },
];

function rungOf(program: Program, port = 80) {
  const [mac] = machine(1).macs;
  const client = identifyClient(says(machine(1), program, "DISCOVER"));
  return nextRung(client, mac, { nextServer: SERVER, bootFiles: BOOT_FILES, urls: new Urls(SERVER, port) });
}

describe("nextRung()", () => {
  for (const { what, program, type, file } of rungs) {
    test(`${what} loads ${file}`, () => {
      assert.deepEqual(rungOf(program), { ok: true, value: { type, nextServer: SERVER, file } });
    });
  }
  for (const { what, program, why } of nothing) {
    test(`there is nothing for ${what}, in words`, () => {
      assert.deepEqual(rungOf(program), { ok: false, error: why });
    });
  }
});

describe("Urls", () => {
  test("names the port unless it is 80", () => {
    const target = rungOf(IPXE, 8081);
    assert.ok(target.ok);
    assert.equal(target.value.file, "http://10.97.0.1:8081/ipxe/52-54-00-00-01-01");
  });

  test("sends installers to HTTPS, and boot loaders and the installed system to plain HTTP", () => {
    const urls = new Urls(SERVER, 80, { port: 443, told: () => ({ fingerprint: "AB:CD", trust: TRUST }) });
    const links = urls.links(machine(1).host, { token: "token-1" as AttemptToken, armedAt: 1 as Instant });
    const host = `/api/hosts/${machine(1).host}`;
    assert.deepEqual(
      [links.answer, links.installed, links.firstBootScript, links.phoneHome, links.asset("a"), links.certFingerprint],
      [
        "https://10.97.0.1/api/boot/answer/token-1",
        `https://10.97.0.1${host}/installed/token-1`,
        `https://10.97.0.1${host}/first-boot-script/token-1`,
        `http://10.97.0.1${host}/phone-home/token-1`,
        "http://10.97.0.1/assets/a",
        "AB:CD",
      ],
    );
    assert.equal(urls.script(machine(1).macs[0]), "http://10.97.0.1/ipxe/52-54-00-00-01-01");
  });

  test("keeps the slashes of a path below assets/ and escapes the rest", () => {
    const urls = new Urls("10.97.0.1" as Ipv4Address, 80);
    assert.equal(urls.asset("pve 9/100%/a&b.img"), "http://10.97.0.1/assets/pve%209/100%25/a%26b.img");
  });
});

const TRUST = { publicKeyPin: "cGlu", certificatePem: "-----BEGIN CERTIFICATE-----" };
