import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FloodGuard } from "../../src/boot/flood-guard.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import { FakeClock } from "../support/fake-clock.ts";

const HOST = "52:54:00:00:00:01" as MacAddress;
const STRANGERS = Array.from({ length: 100_000 }, (_, n) => `02:00:00:${n.toString(16)}` as MacAddress);

describe("FloodGuard", () => {
  test("no crowd of strangers makes it forget how much a host has sent", () => {
    const guard = new FloodGuard(new FakeClock(), { note: () => {} });
    while (guard.mayAsk(HOST, true));
    for (const mac of STRANGERS) guard.mayAsk(mac, false);
    assert.equal(guard.mayAsk(HOST, true), false);
  });

  test("a host that is known all of a sudden is not held to what it sent as a stranger", () => {
    const guard = new FloodGuard(new FakeClock(), { note: () => {} });
    while (guard.mayAsk(HOST, false));
    assert.equal(guard.mayAsk(HOST, true), true);
  });
});
