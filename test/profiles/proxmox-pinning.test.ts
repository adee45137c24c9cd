import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "smol-toml";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { pinnedNames } from "../../src/profiles/proxmox-pinning.ts";
import { complaints } from "../support/proxmox-answer-judge.ts";
import { LINKS, proxmoxProfile, requestOf, TARGET } from "../support/proxmox-profile.ts";

const BOOT = TARGET.bootMac;
const OTHER = "52:54:00:ba:5e:12" as MacAddress;
const THIRD = "52:54:00:ba:5e:13" as MacAddress;

describe("names of NICs", () => {
  const cases = [
    {
      what: "stay few when none is one that the installer gives",
      mapping: { [BOOT]: "lan0" },
      names: { [BOOT]: "lan0" },
    },
    {
      what: "are given to all NICs when one of them is nic0",
      mapping: { [BOOT]: "nic0" },
      names: { [BOOT]: "nic0", [OTHER]: "nic1", [THIRD]: "nic2" },
    },
    {
      what: "go round those that are taken",
      mapping: { [BOOT]: "nic1", [THIRD]: "wan0" },
      names: { [BOOT]: "nic1", [THIRD]: "wan0", [OTHER]: "nic0" },
    },
    { what: "may be given to the NIC that booted", mapping: { boot: "mgmt0" }, names: { [BOOT]: "mgmt0" } },
    { what: "are written in lower case", mapping: { "52-54-00-BA-5E-12": "lan0" }, names: { [OTHER]: "lan0" } },
  ];
  for (const { what, mapping, names } of cases) {
    test(what, () => assert.deepEqual(pinnedNames({ enabled: true, mapping }, BOOT, [OTHER, BOOT, THIRD]), names));
  }

  test("never collide with those that the installer gives by itself", () => {
    const profile = proxmoxProfile({
      network: { interface_name_pinning: { enabled: true, mapping: { boot: "nic0" } } },
    });
    const nics = [OTHER, BOOT, THIRD];
    const answer = profile.answer(TARGET, LINKS, { ...requestOf("9.2"), macs: nics });
    assert.ok(answer.ok);
    assert.deepEqual(complaints(answer.value.text, "9.2", { product: "pve", nics }), []);
    // What the profile says by itself would stop the installer: so says the judge.
    const bare = answer.value.text.replaceAll(/^"52:54:00:ba:5e:1[23]".*$/gm, "");
    assert.match(complaints(bare, "9.2", { product: "pve", nics }).join(), /duplicate interface name mapping/);
  });

  test("are refused when the NIC that booted has another one by its address", () => {
    const mapping = { boot: "lan0", [BOOT]: "wan0" };
    const answer = proxmoxProfile({ network: { interface_name_pinning: { enabled: true, mapping } } }).answer(
      TARGET,
      LINKS,
      requestOf("9.2"),
    );
    assert.ok(!answer.ok);
    assert.match(answer.error[0]?.message ?? "", /name the same NIC, the one that this machine booted from/);
  });
});

describe("the answer file names", () => {
  const networkOf = (text: string) => parse(text).network as Record<string, unknown>;

  test("the NIC and the gateway that the profile wants", () => {
    const profile = proxmoxProfile({ network: { gateway: "10.11.0.254", filter: { ID_NET_DRIVER: "igc" } } });
    const answer = profile.answer(TARGET, LINKS, requestOf("9.2"));
    assert.ok(answer.ok);
    const { gateway, filter } = networkOf(answer.value.text);
    assert.deepEqual(
      { gateway, filter: { ...(filter as object) } },
      { gateway: "10.11.0.254", filter: { ID_NET_DRIVER: "igc" } },
    );
  });

  test("no gateway outside of the slot's network", () => {
    const answer = proxmoxProfile({ network: { gateway: "192.0.2.1" } }).answer(TARGET, LINKS, requestOf("9.2"));
    assert.ok(!answer.ok);
    assert.deepEqual(answer.error, [
      { path: "network.gateway", message: "expected a gateway inside 10.11.0.0/22, found 192.0.2.1" },
    ]);
  });
});
