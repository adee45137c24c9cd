import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { changedTraits, type Identity, identityWords } from "../../src/queue/identity.ts";
import * as b from "../support/queue-builder.ts";

const WAS: Identity = { uuid: b.uuid(1), serial: "S1", boardSerial: "B1", nics: [b.mac(1), b.mac(1, 2)] };
const NOTHING: Identity = { uuid: null, serial: null, boardSerial: null, nics: null };

describe("changedTraits()", () => {
  test("compares what both say, and nothing else", () => {
    assert.deepEqual(changedTraits(WAS, WAS), []);
    assert.deepEqual(changedTraits(WAS, NOTHING), []);
    assert.deepEqual(changedTraits(NOTHING, WAS), []);
    assert.deepEqual(changedTraits(WAS, { ...NOTHING, serial: "S2" }), ["serial"]);
    assert.deepEqual(changedTraits(WAS, { ...WAS, boardSerial: "B2", uuid: b.uuid(2) }), ["uuid", "boardSerial"]);
  });

  test("takes a UUID with its octets in the other order for the same", () => {
    const turned = "44454c4c-4300-1051-8031-c7c04f510001" as NonNullable<Identity["uuid"]>;
    assert.deepEqual(changedTraits(WAS, { ...WAS, uuid: turned }), []);
  });

  test("does not mind in which order network cards are listed, but which they are", () => {
    assert.deepEqual(changedTraits(WAS, { ...WAS, nics: [b.mac(1, 2), b.mac(1)] }), []);
    assert.deepEqual(changedTraits(WAS, { ...WAS, nics: [b.mac(1)] }), ["nics"]);
    assert.deepEqual(changedTraits(WAS, { ...WAS, nics: [b.mac(1), b.mac(2, 2)] }), ["nics"]);
    assert.deepEqual(changedTraits(WAS, { ...WAS, nics: [] }), ["nics"]);
  });
});

test("identityWords() tell each change, from what to what", () => {
  const seen = { uuid: b.uuid(2), serial: "S2", boardSerial: "B2", nics: [b.mac(1), b.mac(2)] };
  assert.equal(
    identityWords({ was: WAS, seen }),
    `its UUID was ${b.uuid(1)} and is ${b.uuid(2)}; its serial number was S1 and is S2; ` +
      "its board's serial number was B1 and is B2; " +
      `of its network cards ${b.mac(1, 2)} is gone and ${b.mac(2)} is new`,
  );
  assert.equal(identityWords({ was: WAS, seen: WAS }), "");
});
