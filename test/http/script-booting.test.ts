import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { stringify } from "smol-toml";
import { type Profile, parseProfile } from "../../src/profiles/profiles.ts";
import { machineBench, SERVER, slotAddress } from "../support/machine-bench.ts";
import { machine, says, selects, UEFI_X64 } from "../support/netboot-machine.ts";

const peach = machine(1);
const FIRST = slotAddress(1);
const SCRIPT = `/ipxe/${peach.host}`;

/** Named like the profile of the bench's slots. */
function ipxe(settings: Record<string, unknown>): Profile {
  const parsed = parseProfile("pve", stringify({ kind: "ipxe", kernel: "nixos/bzImage", ...settings }));
  if (!parsed.ok) assert.fail(JSON.stringify(parsed.error));
  return parsed.value;
}

async function bench(settings: Record<string, unknown>, mode: "full" | "proxy" = "full") {
  const made = await machineBench({ profile: ipxe(settings), mode });
  const state = () => made.hostOf(peach)?.state.type;
  const script = async () => (await made.request(SCRIPT, FIRST)).text();
  return { ...made, state, script };
}

describe("an install that begins with its boot script", () => {
  test("moves the queue before the script leaves, and ends with a GET under its token", async () => {
    const b = await bench({ kernel_args: "done={installed}" });
    await b.takeSlot(peach);
    const script = await b.script();
    assert.match(script, /^kernel http:\/\/10\.97\.0\.1\/assets\/nixos\/bzImage done=http\S+ \|\| goto failed$/m);
    assert.equal(b.state(), "installing");
    const [, path = ""] = /done=http:\/\/10\.97\.0\.1(\S+)/.exec(script) ?? [];
    assert.equal((await b.request(path.replace(/.$/, "_"), FIRST)).status, 404);
    assert.equal((await b.request(path, FIRST)).status, 200);
    assert.equal(b.state(), "ready");
    assert.equal((await b.request(path, FIRST)).status, 200);
    b.clock.advance(60_000);
    assert.match(await b.script(), /^exit 1$/m);
    assert.equal(await b.dhcp(says(peach, UEFI_X64, "DISCOVER")), null);
  });

  test("has no answer file to ask for, and asking moves nothing", async () => {
    const b = await bench({ kernel_args: "done={installed}" });
    await b.takeSlot(peach);
    assert.match(await (await b.post(`/api/boot/answer/${b.tokenOf(peach)}`, FIRST, {})).text(), /no answer file/);
    assert.equal(b.state(), "pxe_ready");
  });

  test("never begins when the settings do not fit the machine, and the script says why", async () => {
    const b = await bench({ kernel_args: "done={installed}" });
    await b.takeSlot(peach);
    const profile = ipxe({});
    b.useProfile({ ...profile, checkTarget: () => [{ path: "x", message: "does not fit" }] });
    const response = await b.request(SCRIPT, FIRST);
    assert.deepEqual([response.status, await response.text()], [409, "x: does not fit\n"]);
    assert.equal(b.state(), "pxe_ready");
  });

  test("is nobody's at another address", async () => {
    const b = await bench({ kernel_args: "done={installed}" });
    await b.takeSlot(peach);
    assert.equal((await b.request(SCRIPT, slotAddress(2))).status, 403);
    assert.equal(b.state(), "pxe_ready");
  });
});

describe("a live system", () => {
  test("boots once, makes the machine ready, and then the machine goes on to its disk", async () => {
    const b = await bench({ purpose: "live" });
    await b.takeSlot(peach);
    assert.match(await b.script(), /^kernel /m);
    assert.equal(b.state(), "ready");
    b.clock.advance(60_000);
    assert.match(await b.script(), /^exit 1$/m);
    assert.equal(await b.dhcp(says(peach, UEFI_X64, "DISCOVER")), null);
  });

  test('with boots = "always" is served by DHCP and script each time', async () => {
    const b = await bench({ purpose: "live", boots: "always" });
    await b.takeSlot(peach);
    for (let boot = 0; boot < 4; boot++) {
      assert.match(await b.script(), /^kernel /m);
      assert.equal(b.state(), "ready");
      b.clock.advance(3_600_000);
      assert.equal((await b.dhcp(says(peach, UEFI_X64, "DISCOVER")))?.yiaddr, FIRST);
      assert.equal((await b.dhcp(selects(peach, UEFI_X64, FIRST, SERVER)))?.type, "ACK");
    }
  });

  test("with boots = 2 is served twice", async () => {
    const b = await bench({ purpose: "live", boots: 2 });
    await b.takeSlot(peach);
    const seen = [];
    for (let boot = 0; boot < 3; boot++) {
      seen.push(/^kernel /m.test(await b.script()));
      b.clock.advance(60_000);
    }
    assert.deepEqual(seen, [true, true, false]);
  });

  test("is no way to an installer: when the profile becomes one, a ready machine is not served", async () => {
    const b = await bench({ purpose: "live", boots: "always" });
    await b.takeSlot(peach);
    await b.script();
    b.useProfile(ipxe({ kernel_args: "done={installed}" }));
    b.clock.advance(60_000);
    assert.match(await b.script(), /^exit 1$/m);
    assert.equal(b.state(), "ready");
    assert.equal(await b.dhcp(says(peach, UEFI_X64, "DISCOVER")), null);
  });
});
