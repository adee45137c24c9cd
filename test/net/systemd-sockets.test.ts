import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { socketsFromSystemd } from "../../src/net/systemd-sockets.ts";

describe("socketsFromSystemd()", () => {
  const cases: readonly { what: string; env: Record<string, string>; sockets: Record<string, number> }[] = [
    { what: "nothing when it was started by hand", env: {}, sockets: {} },
    {
      what: "the descriptors from 3 on, by name",
      env: { LISTEN_PID: "42", LISTEN_FDS: "3", LISTEN_FDNAMES: "dhcp:tftp:http" },
      sockets: { dhcp: 3, tftp: 4, http: 5 },
    },
    {
      what: "nothing that was meant for another process",
      env: { LISTEN_PID: "41", LISTEN_FDS: "1", LISTEN_FDNAMES: "dhcp" },
      sockets: {},
    },
    { what: "one without a name as unknown", env: { LISTEN_PID: "42", LISTEN_FDS: "1" }, sockets: { unknown: 3 } },
    { what: "nothing when the count is no number", env: { LISTEN_PID: "42", LISTEN_FDS: "many" }, sockets: {} },
    { what: "nothing when there is no count", env: { LISTEN_PID: "42" }, sockets: {} },
    {
      what: "no name without a descriptor",
      env: { LISTEN_PID: "42", LISTEN_FDS: "1", LISTEN_FDNAMES: "dhcp:tftp" },
      sockets: { dhcp: 3 },
    },
  ];
  for (const { what, env, sockets } of cases) {
    test(`finds ${what}`, () => assert.deepEqual(Object.fromEntries(socketsFromSystemd(env, 42)), sockets));
  }

  test("does not guess which of two sockets of one name is meant", () => {
    const env = { LISTEN_PID: "42", LISTEN_FDS: "2", LISTEN_FDNAMES: "dhcp:dhcp" };
    assert.throws(() => socketsFromSystemd(env, 42), /two sockets called "dhcp"/);
  });
});
