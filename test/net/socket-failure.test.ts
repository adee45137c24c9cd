import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { socketFailure } from "../../src/net/socket-failure.ts";

describe("socketFailure()", () => {
  test("says who may have the port, and how to find out", () => {
    assert.equal(
      socketFailure("UDP", "10.11.0.1", 69, failure("EADDRINUSE")),
      "cannot open UDP 10.11.0.1:69: bind EADDRINUSE; another program has this port, and `ss --listening --udp --numeric --processes 'sport = :69'` shows which: stop it",
    );
  });

  test("says what opens a port that only root may open, and what an address is missing from", () => {
    assert.match(socketFailure("TCP", "10.11.0.1", 80, failure("EACCES")), /^cannot open TCP .*systemd units/);
    assert.match(socketFailure("TCP", "10.11.0.9", 80, failure("EADDRNOTAVAIL")), /does not have that address/);
  });

  test("repeats what it knows nothing about", () => {
    assert.equal(socketFailure("TCP", "10.11.0.1", 80, failure("EMFILE")), "cannot open TCP 10.11.0.1:80: bind EMFILE");
  });
});

function failure(code: string): Error {
  return Object.assign(new Error(`bind ${code}`), { code });
}
