import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { resolveHost, resolveSlot } from "../../src/http/operator-references.ts";
import { operatorBench } from "../support/operator-bench.ts";
import { answer, hostId, mac, registered, requested, script, seen, uuid } from "../support/queue-builder.ts";

async function twoHosts() {
  const bench = await operatorBench();
  await bench.happen(seen(1), requested(1), script(1), answer(1), registered(18));
  return bench.engine.state;
}

describe("resolveHost()", () => {
  const names: readonly { what: string; text: string; host: number }[] = [
    { what: "its id", text: hostId(1), host: 1 },
    { what: "its hardware address", text: mac(1), host: 1 },
    { what: "its hardware address in capitals", text: mac(1).toUpperCase(), host: 1 },
    { what: "its hardware address as Cisco writes it", text: "5254.0000.0101", host: 1 },
    { what: "its hardware address without anything between", text: "525400000101", host: 1 },
    { what: "another of its hardware addresses", text: mac(1, 2), host: 1 },
    { what: "its UUID", text: uuid(1).toUpperCase(), host: 1 },
    { what: "its hostname", text: "node1", host: 1 },
    { what: "its hostname in capitals, with blanks", text: " Node1 ", host: 1 },
    { what: "the number of its slot", text: "1", host: 1 },
    { what: "the address of its slot", text: "10.11.0.2", host: 1 },
    { what: "the beginning of its hostname", text: "nod", host: 1 },
    { what: "the beginning of its UUID", text: "4c4c", host: 1 },
    { what: "the beginning of its id", text: "52-54-00-00-01-12", host: 18 },
    { what: "the beginning of an address that only it has", text: "52:54:00:00:02", host: 1 },
  ];
  for (const { what, text, host } of names) {
    test(`finds a host by ${what}`, async () => {
      const found = resolveHost(await twoHosts(), text);
      assert.equal(found.ok && found.value.id, hostId(host));
    });
  }

  const nobody: readonly { what: string; text: string; type: string; words: RegExp; hint: RegExp }[] = [
    {
      what: "a stranger",
      text: "toad",
      type: "not-found",
      words: /no host is called "toad"/,
      hint: /node1 \(52-54-00-00-01-01\), 52-54-00-00-01-12/,
    },
    { what: "an empty name", text: "", type: "not-found", words: /no host is called ""/, hint: /bootqueue hosts/ },
    {
      what: "a beginning of two",
      text: "52-54",
      type: "ambiguous",
      words: /could be node1 \(.*\), 52-54-00-00-01-12/,
      hint: /say more/,
    },
    {
      what: "a slot without a host",
      text: "2",
      type: "not-found",
      words: /slot 2 \(10\.11\.0\.3, node2\) has no host/,
      hint: /there are/,
    },
    {
      what: "a number beyond the slots",
      text: "99",
      type: "not-found",
      words: /no host is called "99"/,
      hint: /there are/,
    },
    {
      what: "a name as long as a novel",
      text: "x".repeat(5000),
      type: "not-found",
      words: /^.{1,100}$/,
      hint: /there are/,
    },
  ];
  for (const { what, text, type, words, hint } of nobody) {
    test(`does not guess at ${what}: ${type}`, async () => {
      const found = resolveHost(await twoHosts(), text);
      assert.ok(!found.ok);
      assert.equal(found.error.type, type);
      assert.match(found.error.message, words);
      assert.match(found.error.hint, hint);
    });
  }

  test("says for whom a slot without a host is held", async () => {
    const bench = await operatorBench();
    await bench.happen(seen(7));
    const found = resolveHost(bench.engine.state, "node1");
    assert.match(found.ok ? "" : found.error.message, /held for 52:54:00:00:01:07/);
  });

  test("says so when there are no hosts at all", async () => {
    const bench = await operatorBench();
    const found = resolveHost(bench.engine.state, "node9");
    assert.equal(found.ok ? "" : found.error.hint, "there are no hosts");
  });
});

describe("resolveSlot()", () => {
  for (const text of ["2", "10.11.0.3", "node2", "NODE2"]) {
    test(`finds a slot by ${text}`, async () => {
      const found = resolveSlot(await twoHosts(), text);
      assert.equal(found.ok && found.value.hostname, "node2");
    });
  }
  for (const text of ["0", "4", "10.11.0.99", "node", "", "-1", "1e0"]) {
    test(`knows no slot called ${JSON.stringify(text)}, and lists those there are`, async () => {
      const found = resolveSlot(await twoHosts(), text);
      assert.ok(!found.ok);
      assert.match(found.error.hint, /1 \(10\.11\.0\.2, node1\), 2 \(10\.11\.0\.3, node2\)/);
    });
  }
});
