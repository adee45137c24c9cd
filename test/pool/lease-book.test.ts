import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { EMPTY_POOL } from "../../src/pool/lease.ts";
import { LeaseBook } from "../../src/pool/lease-book.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeLeaseStore } from "../support/fake-lease-store.ts";
import { settled } from "../support/machine-bench.ts";

const first = "10.11.2.10" as Ipv4Address;
const second = "10.11.2.11" as Ipv4Address;
const mac = (n: number) => `02:00:00:00:00:0${n}` as MacAddress;

function bench() {
  const store = new FakeLeaseStore();
  const broken: unknown[] = [];
  const book = new LeaseBook({
    state: EMPTY_POOL,
    rules: { first, last: "10.11.2.250" as Ipv4Address, leaseMs: 600_000 },
    store,
    clock: new FakeClock(),
    isTaken: () => false,
    onBroken: (cause) => broken.push(cause),
  });
  return { store, book, broken };
}

describe("LeaseBook", () => {
  test("answers a REQUEST only when its lease is on disk", async () => {
    const { store, book } = bench();
    store.hold();
    let answered = false;
    const given = book.dispatch({ type: "address-requested", mac: mac(1), address: first }).then(() => {
      answered = true;
    });
    await settled();
    assert.equal(answered, false);
    store.release();
    await given;
    assert.deepEqual(
      store.saved?.map(({ address }) => address),
      [first],
    );
  });

  test("an offer costs no write", async () => {
    const { store, book } = bench();
    await book.dispatch({ type: "address-wanted", mac: mac(1), wanted: null });
    assert.equal(store.saves, 0);
  });

  test("what is decided during a write shares the next one, and sees what was decided before", async () => {
    const { store, book } = bench();
    store.hold();
    const answers = [1, 2, 3, 4].map((n) =>
      book.dispatch({ type: "address-requested", mac: mac(n), address: n === 1 ? first : second }),
    );
    await settled();
    store.release();
    assert.deepEqual(
      (await Promise.all(answers)).map(({ type }) => type),
      ["given", "given", "refused", "refused"],
    );
    assert.equal(store.saves, 2);
  });

  test("when it cannot save, nobody is answered, and the daemon is told once", async () => {
    const { store, book, broken } = bench();
    store.fail(new Error("no space left on device"));
    const request = { type: "address-requested", mac: mac(1), address: first } as const;
    await assert.rejects(book.dispatch(request), /leases could not be saved/);
    await assert.rejects(book.dispatch(request), /leases could not be saved/);
    assert.equal(broken.length, 1);
  });
});
