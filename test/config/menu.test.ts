import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseConfig } from "../../src/config/load.ts";

const NETWORK = 'address = "10.11.0.1"\nsubnet = "10.11.0.0/22"\ndomain = "lab.example"\n';
const POOL = '[pool]\nfirst = "10.11.3.1"\nlast = "10.11.3.9"\n';
const MENU = '[menu]\n[[menu.entry]]\ntitle = "memtest"\nkernel = "memtest.bin"\n';

function problemsOf(...parts: readonly string[]): string {
  const parsed = parseConfig(`[network]\n${NETWORK}${parts.join("")}`, "bootqueue.toml");
  return parsed.ok ? "" : parsed.error.map(({ path, message }) => `${path}: ${message}`).join("\n");
}

describe("[menu]", () => {
  test("goes with a pool, or beside another DHCP server", () => {
    assert.equal(problemsOf(POOL, MENU), "");
    assert.equal(problemsOf('[dhcp]\nmode = "proxy"\n', MENU), "");
    assert.match(problemsOf(MENU), /^menu: expected \[pool\] beside it/);
  });

  for (const { what, menu, problem } of [
    { what: "no entries", menu: "[menu]\nentry = []\n", problem: /menu\.entry: expected at least one/ },
    {
      what: "a title that iPXE would expand",
      menu: MENU.replace("memtest", `\${x}`),
      problem: /title: expected a title/,
    },
    { what: "arguments with a second command", menu: `${MENU}args = "quiet || reboot"\n`, problem: /args: expected/ },
    { what: "a file with a blank", menu: MENU.replace("memtest.bin", "a b"), problem: /kernel: expected a path/ },
  ]) {
    test(`refuses ${what}`, () => assert.match(problemsOf(POOL, menu), problem));
  }
});
