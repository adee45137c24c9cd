import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AnswerView, type ApiError } from "../../src/http/contract.ts";
import { slotIdOf } from "../../src/queue/slot.ts";
import { installSite } from "../support/install-site.ts";
import { ORIGIN, operatorBench } from "../support/operator-bench.ts";
import { complaints } from "../support/proxmox-answer-judge.ts";
import { HASH, proxmoxProfile } from "../support/proxmox-profile.ts";
import { address, hostId, registered, requested, seen, slotId, token } from "../support/queue-builder.ts";
import { serverType } from "../support/server-type.ts";

const SLOT = { name: "slot 10.11.0.2", file: "bootqueue.toml", path: "slot[0].settings" };
const ofSlot = (values: object) => new Map([[slotIdOf(address(1)), { ...SLOT, values: { ...values } }]]);
const site = installSite(proxmoxProfile(), { ofSlots: ofSlot({ global: { country: "at" } }) });

async function benchOf(trusted: boolean, where = site) {
  const bench = await operatorBench({ trusted, site: () => where });
  await bench.happen(seen(1), requested(1));
  const ask = async (query = "", host: string = hostId(1)) => {
    const headers = { Host: "10.11.0.1:8080" };
    return await bench.app.request(`${ORIGIN}/api/hosts/${host}/answer${query}`, { headers });
  };
  return { bench, ask };
}

async function viewOf(response: Response): Promise<AnswerView> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return AnswerView.parse(JSON.parse(text));
}

describe("the answer of a host", () => {
  test("is what would be served, with secrets masked and the source of each value", async () => {
    const { ask } = await benchOf(false);
    const view = await viewOf(await ask());
    assert.equal(view.armed, true);
    assert.equal(view.masked, true);
    for (const secret of [HASH, token(1)]) assert.ok(!JSON.stringify(view).includes(secret), secret);
    const from = (key: string) => view.lines?.find(({ text }) => text.startsWith(`${key} =`))?.from;
    assert.equal(from("country"), "slot 10.11.0.2");
    assert.equal(from("mailto"), "profile pve");
    assert.equal(from("cidr"), "the slot's address");
    assert.equal(from("keyboard"), "profile pve");
    assert.deepEqual(
      view.settings.find(({ path }) => path === "global.country"),
      { path: "global.country", value: '"at"', from: "slot 10.11.0.2", file: "bootqueue.toml: slot[0].settings" },
    );
  });

  test("is written as the release wants it that is asked for", async () => {
    const { ask } = await benchOf(true);
    for (const release of ["8.3", "9.2"] as const) {
      const { text } = await viewOf(await ask(`?release=${release}&secrets=true`));
      assert.deepEqual(complaints(text, release), []);
      assert.ok(text.includes(HASH) && text.includes(token(1)));
    }
    assert.equal((await ask("?release=new")).status, 400);
  });

  test("has its secrets over the socket alone", async () => {
    const { ask } = await benchOf(false);
    const response = await ask("?secrets=true");
    assert.equal(response.status, 403);
    const { hint } = (await response.json()) as ApiError;
    assert.match(hint, /another machine could report in this one's name.*bootqueue render HOST --secrets/);
  });

  test("can be seen before an install is armed, and for another product name", async () => {
    const hardware = { bootDisk: { model: "Samsung*" }, managementNic: null };
    const types = [serverType("nuc", { products: ["NUC*"], hardware })];
    const { bench, ask } = await benchOf(true, installSite(proxmoxProfile(), { serverTypes: types }));
    await bench.happen(registered(2, 2));
    const view = await viewOf(await ask("?product=NUC10&secrets=true", hostId(2)));
    assert.equal(view.armed, false);
    assert.equal(view.serverType, "nuc");
    assert.match(view.text, /ID_MODEL = "Samsung\*"/);
    assert.match(view.text, /TOKEN-OF-THE-NEXT-INSTALL/);
  });

  test("is not there without a slot, or when the installer would refuse it, with words", async () => {
    const wrong = installSite(proxmoxProfile(), { ofSlots: ofSlot({ global: { country: "xk" } }) });
    const { bench, ask } = await benchOf(true, wrong);
    const refused = await ask();
    assert.equal(refused.status, 409);
    assert.match(
      ((await refused.json()) as ApiError).hint,
      /^bootqueue\.toml: slot\[0\]\.settings\.global\.country: expected/,
    );
    await bench.happen(registered(2, null));
    assert.match(((await (await ask("", hostId(2))).json()) as ApiError).hint, /it has no slot/);
    assert.equal((await ask("", "nobody")).status, 404);
  });
});

describe("an order to rebuild", () => {
  const order = async (where: typeof site, path: string, body: object = {}) => {
    const { bench } = await benchOf(true, where);
    await bench.happen(registered(2, 1 + 1));
    const headers = { "Content-Type": "application/json" };
    return await bench.app.request(path, { method: "POST", headers, body: JSON.stringify(body) });
  };
  const wrong = installSite(proxmoxProfile(), {
    ofSlots: new Map([[slotId(2), { ...SLOT, values: { global: { country: "xk" } } }]]),
  });

  test("is refused where the installer would refuse the answer, before anything is armed", async () => {
    const response = await order(wrong, `/api/hosts/${hostId(2)}/rebuild`);
    assert.equal(response.status, 409);
    const { error, hint, reason } = (await response.json()) as ApiError;
    assert.match(error, /^refused to rebuild .*: its installer would refuse the answer file$/);
    assert.match(hint, /slot\[0\]\.settings\.global\.country: expected a country/);
    assert.equal(reason, "unfit-settings");
    assert.equal((await order(site, `/api/hosts/${hostId(2)}/rebuild`)).status, 200);
  });

  test("of several is refused for one of them", async () => {
    assert.equal((await order(wrong, "/api/rebuilds", { hosts: [hostId(2)] })).status, 409);
  });
});
