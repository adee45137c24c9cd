import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { renderBootScript, renderLocalBootScript } from "../../src/boot/boot-script.ts";
import type { BootPlan } from "../../src/profiles/kind.ts";
import { assertGolden } from "../support/golden.ts";
import { LINKS, proxmoxProfile, TARGET } from "../support/proxmox-profile.ts";

const golden = (name: string) => new URL(`../fixtures/boot-scripts/${name}.ipxe`, import.meta.url);

const PLAN: BootPlan = {
  kernel: "http://10.11.0.1/assets/linux",
  initrds: [{ url: "http://10.11.0.1/assets/any/initrd.img" }],
  args: "quiet",
};

const HOSTILE: readonly { what: string; text: string }[] = [
  { what: "a setting that would be expanded", text: `\${net0/mac} \${next-server}` },
  { what: "a second command", text: "x || shell && reboot ; exit" },
  { what: "a line of its own", text: "x\nshell\r\nchain http://10.0.0.9/\u2028shell\u0085shell" },
  { what: "quotes, backslashes and a comment", text: `"x' \\n \` # y` },
  { what: "control characters and letters that are not ASCII", text: "\x1b[2Jpäch\0\x7f\u202e" },
];

describe("renderBootScript()", () => {
  test("a Proxmox profile with its ISO", () => {
    const plan = proxmoxProfile({ iso: true }).bootPlan(TARGET, LINKS);
    assertGolden(golden("proxmox-iso"), renderBootScript(plan, "peach-beach at 10.11.0.2"));
  });

  test("a Proxmox profile whose initrd holds the ISO", () => {
    const plan = proxmoxProfile({ kernel_args: "console=ttyS0" }).bootPlan(TARGET, LINKS);
    assertGolden(golden("proxmox-combined"), renderBootScript(plan, "peach-beach at 10.11.0.2"));
  });

  test("a plan without an initrd names none", () => {
    const script = renderBootScript({ ...PLAN, initrds: [] }, "x");
    assert.match(script, /^kernel http:\/\/10\.11\.0\.1\/assets\/linux quiet \|\| goto failed$/m);
    assert.doesNotMatch(script, /initrd/);
  });

  test("one initrd is named as iPXE names it, by the last part of its path", () => {
    assert.match(renderBootScript(PLAN, "x"), /^kernel \S+ initrd=initrd\.img quiet \|\| goto failed$/m);
  });

  test("several are asked for as the one file that UEFI iPXE makes of them, or the second would never be seen", () => {
    const script = renderBootScript(
      { ...PLAN, initrds: [...PLAN.initrds, { url: "http://10.11.0.1/b", as: "b" }] },
      "x",
    );
    assert.match(script, /^kernel \S+ initrd=initrd\.magic quiet \|\| goto failed$/m);
    assert.match(script, /^initrd http:\/\/10\.11\.0\.1\/b b \|\| goto failed$/m);
  });

  for (const { what, text } of HOSTILE) {
    test(`a title cannot smuggle in ${what}`, () =>
      assertHarmless(renderBootScript(PLAN, text), renderBootScript(PLAN, "x")));
  }
});

describe("renderLocalBootScript()", () => {
  test("says why, and leaves to the local disk", () => {
    assertGolden(golden("local-disk"), renderLocalBootScript("node1 is ready"));
  });

  for (const { what, text } of HOSTILE) {
    test(`a reason cannot smuggle in ${what}`, () => {
      assertHarmless(renderLocalBootScript(text), renderLocalBootScript("x"));
    });
  }
});

/** The script is the same but for one line, which only shows something. */
function assertHarmless(script: string, plain: string): void {
  const lines = script.split("\n");
  const wanted = plain.split("\n");
  assert.equal(lines.length, wanted.length);
  assert.equal(lines[0], "#!ipxe");
  for (const [n, line] of lines.entries()) if (n !== 1) assert.equal(line, wanted[n]);
  assert.match(lines[1] ?? "", /^echo bootqueue: [A-Za-z0-9 .,:;/=?!<>()[\]{}*+_~@^%-]*$/);
  assert.doesNotMatch(lines[1] ?? "", /\$|\|\||&&/);
}
