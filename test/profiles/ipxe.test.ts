import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { stringify } from "smol-toml";
import type { BootImage } from "../../src/profiles/boot-image.ts";
import { PLACEHOLDERS } from "../../src/profiles/ipxe-placeholders.ts";
import { type Profile, parseProfile } from "../../src/profiles/profiles.ts";
import { LINKS, TARGET, TOKEN } from "../support/proxmox-profile.ts";
import { storedImage } from "../support/stored-image.ts";

function profile(settings: Record<string, unknown>): Profile {
  const parsed = parseProfile("x", stringify({ kind: "ipxe", ...settings }));
  if (!parsed.ok) assert.fail(JSON.stringify(parsed.error));
  return parsed.value;
}

function faults(settings: Record<string, unknown>): string {
  const parsed = parseProfile("x", stringify({ kind: "ipxe", ...settings }));
  return parsed.ok ? "nothing" : parsed.error.map(({ path, message }) => `${path}: ${message}`).join("\n");
}

const IMAGE: BootImage = {
  name: "ubuntu-server-24.04.3",
  product: "ubuntu-server",
  release: "24.04.3",
  kernel: "http://10.11.0.1/assets/images/u/vmlinuz",
  initrds: [{ url: "http://10.11.0.1/assets/images/u/initrd" }],
  extras: { iso: "http://10.11.0.1/assets/images/u/u.iso" },
};
const WITH_IMAGE = { ...LINKS, image: (name: string) => (name === "ubuntu-server" ? IMAGE : null) };

describe("the boot plan", () => {
  test("is the kernel, the initrds in their order, and the arguments with everything filled in", () => {
    const plan = profile({
      kernel: "nixos/bzImage",
      initrds: ["nixos/initrd", { file: "nixos/keys.tar", as: "keys.tar" }, "http://10.0.0.9/more.img"],
      kernel_args: "  ip={address}::{router}:{netmask}:{hostname}::none:{dns}   done={installed} ",
    }).bootPlan(TARGET, LINKS);
    assert.deepEqual(plan, {
      kernel: "http://10.11.0.1/assets/nixos/bzImage",
      initrds: [
        { url: "http://10.11.0.1/assets/nixos/initrd" },
        { url: "http://10.11.0.1/assets/nixos/keys.tar", as: "keys.tar" },
        { url: "http://10.0.0.9/more.img" },
      ],
      args: `ip=10.11.0.2::10.11.0.1:255.255.252.0:peach-beach::none:10.11.0.1 done=${LINKS.plain.installed}`,
    });
  });

  test("of an image has its kernel and initrd, and its ISO where it is asked for", () => {
    const live = profile({ image: "ubuntu-server", purpose: "live", initrds: ["x/y"], kernel_args: "url={iso}" });
    assert.deepEqual(live.bootPlan(TARGET, WITH_IMAGE), {
      kernel: IMAGE.kernel,
      initrds: [...IMAGE.initrds, { url: "http://10.11.0.1/assets/x/y" }],
      args: "url=http://10.11.0.1/assets/images/u/u.iso",
    });
    assert.deepEqual(live.image(), { name: "ubuntu-server", products: null, orFolder: false });
    assert.deepEqual(live.assets(storedImage("ubuntu-server", "24.04.3")), ["x/y"]);
  });

  test("of memtest is the kernel alone", () => {
    const plan = profile({ kernel: "memtest/mt86plus", purpose: "live" }).bootPlan(TARGET, LINKS);
    assert.deepEqual(plan, { kernel: "http://10.11.0.1/assets/memtest/mt86plus", initrds: [], args: "" });
  });

  test("names a file that is missing when its image is", () => {
    const { kernel } = profile({ image: "gone-1.0", purpose: "live" }).bootPlan(TARGET, LINKS);
    assert.equal(kernel, "http://10.11.0.1/assets/images/gone-1.0");
  });

  test("fills in every placeholder with something that no boot loader splits", () => {
    for (const name of Object.keys(PLACEHOLDERS)) {
      const text = profile({ image: "ubuntu-server", kernel_args: `x={${name}}` }).bootPlan(TARGET, WITH_IMAGE).args;
      assert.match(text, /^x=[A-Za-z0-9.:/_-]*$/, name);
    }
  });
});

describe("what a script means", () => {
  test("follows from purpose and boots", () => {
    const meaning = (more: object) => profile({ kernel: "x", ...more }).script();
    assert.deepEqual(meaning({}), { type: "install" });
    assert.deepEqual(meaning({ purpose: "live" }), { type: "live", boots: 1 });
    assert.deepEqual(meaning({ purpose: "live", boots: 5 }), { type: "live", boots: 5 });
    assert.deepEqual(meaning({ purpose: "live", boots: "always" }), { type: "live", boots: null });
  });

  test("an install waits for the first boot exactly when it phones home", () => {
    assert.equal(profile({ kernel: "x", kernel_args: "{installed}" }).flow().firstBoot, false);
    assert.equal(profile({ kernel: "x", phone_home: true }).flow().firstBoot, true);
  });
});

describe("what is wrong is said", () => {
  const cases: readonly { what: string; settings: Record<string, unknown>; says: string }[] = [
    { what: "nothing to boot", settings: {}, says: "kernel: missing: expected kernel, or image" },
    {
      what: "two kernels",
      settings: { kernel: "x", image: "y" },
      says: "kernel: expected kernel or image, found both; the image y has a kernel",
    },
    {
      what: "a misspelt placeholder",
      settings: { kernel: "x", kernel_args: "h={hostnmae}" },
      says: "kernel_args: unknown placeholder {hostnmae}; did you mean {hostname}?",
    },
    {
      what: "a single brace",
      settings: { kernel: "x", kernel_args: "h={hostname" },
      says: "kernel_args: expected braces in pairs, such as {hostname}, found a single one",
    },
    {
      what: "the ISO of no image",
      settings: { kernel: "x", kernel_args: "url={iso}" },
      says: "kernel_args: expected an image to go with {iso}, found none: set image",
    },
    {
      what: "an initrd that hides the others",
      settings: { kernel: "x", kernel_args: "quiet initrd=a.img" },
      says: "kernel_args: expected no initrd=: bootqueue adds it, as initrds says",
    },
    {
      what: "several boots of an install",
      settings: { kernel: "x", boots: 2 },
      says: 'boots: expected purpose = "live" to go with it',
    },
    {
      what: "a live system that phones home",
      settings: { kernel: "x", purpose: "live", phone_home: true },
      says: 'phone_home: expected purpose = "install" to go with it',
    },
    {
      what: "the name that people try",
      settings: { kernel: "x", args: "y" },
      says: "args: unknown key; the arguments are called kernel_args",
    },
  ];
  for (const { what, settings, says } of cases) test(`of ${what}`, () => assert.equal(faults(settings), says));

  for (const [what, settings] of [
    ["a path out of assets", { kernel: "../../etc/shadow" }],
    ["an address of another kind", { kernel: "ftp://x/y" }],
    ["an address with a quote", { kernel: 'http://x/"y' }],
    ["a line end", { kernel: "x\ny" }],
    ["arguments that iPXE would end at", { kernel: "x", kernel_args: "a ; shell" }],
    ["arguments that iPXE would expand", { kernel: "x", kernel_args: "$".concat("{net0/ip}") }],
    ["an initrd with a path inside the initramfs", { kernel: "x", initrds: [{ file: "y", as: "../z" }] }],
  ] as const)
    test(`of ${what}`, () => assert.match(faults(settings), /^(kernel|kernel_args|initrds\[0\]\S*): expected /));

  test("of an install that cannot report, as a warning", () => {
    const warned = profile({ kernel: "x" }).warnings();
    assert.deepEqual(
      warned.map(({ path }) => path),
      ["kernel_args"],
    );
    assert.deepEqual(profile({ kernel: "x", purpose: "live" }).warnings(), []);
  });
});

test("people see what the boot loader gets, without the token", () => {
  const answer = profile({ kernel: "x", initrds: ["y"], kernel_args: "done={installed}" }).answer(TARGET, LINKS, {
    macs: [TARGET.bootMac],
    uuid: null,
    serial: null,
    product: null,
    release: null,
  });
  assert.ok(answer.ok);
  assert.match(answer.value.masked, /^kernel http:\/\/10\.11\.0\.1\/assets\/x done=\S*\(hidden\)$/m);
  assert.match(answer.value.masked, /^initrd http:\/\/10\.11\.0\.1\/assets\/y$/m);
  assert.equal(answer.value.masked.includes(TOKEN), false);
  assert.equal(answer.value.text.includes(TOKEN), true);
});
