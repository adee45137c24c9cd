import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Sightings } from "../../src/boot/sightings.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { address, mac, uuid } from "../support/queue-builder.ts";

describe("Sightings", () => {
  test("tell where a machine is, and keep what is not said again", () => {
    const seen = new Sightings();
    seen.saw(mac(1), { uuid: uuid(1), address: null });
    seen.saw(mac(1), { address: address(7) });
    assert.equal(seen.macAt(address(7)), mac(1));
    assert.equal(seen.uuidOf(mac(1)), uuid(1));
    seen.saw(mac(1), { address: address(8) });
    assert.deepEqual([seen.macAt(address(7)), seen.macAt(address(8))], [null, mac(1)]);
  });

  test("an address belongs to whoever was seen there last", () => {
    const seen = new Sightings();
    seen.saw(mac(1), { address: address(7), uuid: uuid(1) });
    seen.saw(mac(2), { address: address(7) });
    assert.equal(seen.macAt(address(7)), mac(2));
    // What the first one does later must not take the address away from the second.
    seen.saw(mac(1), { uuid: uuid(1) });
    assert.equal(seen.macAt(address(7)), mac(2));
  });

  test("are bounded: the machine seen longest ago is forgotten with its address", () => {
    const seen = new Sightings(new FakeClock(), 2);
    for (const n of [1, 2, 1, 3]) seen.saw(mac(n), { address: address(n) });
    assert.deepEqual(
      [1, 2, 3].map((n) => seen.macAt(address(n))),
      [mac(1), null, mac(3)],
    );
  });
});
