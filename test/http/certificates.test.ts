import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { expiryWarning } from "../../src/http/certificate-check.ts";
import { Certificates } from "../../src/http/certificates.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { Host, HostState } from "../../src/queue/host.ts";
import type { Instant } from "../../src/std/clock.ts";
import { hostIn } from "../dashboard/rack.ts";
import { FakeClock } from "../support/fake-clock.ts";

const SUBJECT = { address: "10.11.0.1" as Ipv4Address };
const at = (ms: number) => (1_795_000_000_000 + ms) as Instant;

function host(n: number, armedAt: Instant, type: HostState["type"] = "installing", answers = 1): Host {
  const state = { type, since: armedAt, deadline: armedAt, reason: "", requested: true, from: "installing" };
  return {
    ...hostIn(n, state as unknown as HostState),
    attempt: { token: "t" as never, answers, armedAt, approved: null, power: null },
  };
}

describe("Certificates", () => {
  let folder = "";
  let clock: FakeClock;
  let certificates: Certificates;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "bootqueue-tls-"));
  });
  beforeEach(async () => {
    for (const file of await readdir(folder)) await rm(join(folder, file));
    clock = new FakeClock();
    clock.advance(at(0) - clock.now());
    certificates = await Certificates.load(folder, SUBJECT, clock);
  });
  after(() => rm(folder, { recursive: true }));

  test("rotated, show an install the certificate of when it was armed, and others the new one", async () => {
    const old = certificates.current.fingerprint;
    clock.advance(1000);
    const installing = host(1, at(500));
    const made = await certificates.rotate([installing]);
    assert.notEqual(made.fingerprint, old);
    assert.equal(certificates.current, made);
    assert.equal(certificates.at(at(500)).fingerprint, old);
    assert.equal(certificates.at(at(1000)).fingerprint, made.fingerprint);
    assert.equal(certificates.at(null).fingerprint, made.fingerprint);
  });

  test("say who still goes by one that was replaced, also after a restart, and forget it when nobody does", async () => {
    const old = certificates.current.fingerprint;
    clock.advance(1000);
    const installing = host(1, at(500));
    await certificates.rotate([installing]);
    clock.advance(1000);
    await certificates.rotate([installing, host(2, at(1500))]);

    const again = await Certificates.load(folder, SUBJECT, clock);
    assert.equal(again.current.fingerprint, certificates.current.fingerprint);
    assert.equal(again.at(at(500)).fingerprint, old);
    const hosts = [installing, host(2, at(1500)), host(3, at(2500)), host(4, at(400), "ready")];
    assert.deepEqual(
      again.kept.map((one) => again.usersOf(one, hosts).map(({ id }) => id)),
      [[hosts[0]?.id], [hosts[1]?.id]],
    );
    assert.deepEqual(await again.dropUnused(hosts), []);
    const gone = await again.dropUnused([host(1, at(500), "ready"), host(2, at(1500), "first_boot")]);
    assert.deepEqual(
      gone.map(({ fingerprint }) => fingerprint),
      [old],
    );
    assert.equal((await readdir(folder)).length, 4, "the key goes with it");
    assert.equal(again.at(at(1500)).fingerprint, certificates.kept[1]?.certificate.fingerprint);
  });

  const uses: readonly [string, HostState["type"], number, boolean][] = [
    ["waits to be switched on", "pxe_ready", 0, true],
    ["boots", "pxe_booted", 0, true],
    ["installs", "installing", 1, true],
    ["is yet to boot from its disk", "installed", 1, true],
    ["runs its first-boot steps", "first_boot", 1, true],
    ["was given up, and may report all the same", "failed", 1, true],
    ["was given up before it got its answer", "failed", 0, false],
    ["is ready", "ready", 1, false],
    ["is forgotten but for its name", "registered", 0, false],
  ];
  for (const [what, type, answers, keeps] of uses) {
    test(`${keeps ? "keep" : "drop"} the one before for a host that ${what}`, async () => {
      const hosts = [host(1, at(0), type, answers)];
      clock.advance(1000);
      await certificates.rotate(hosts);
      assert.equal((await certificates.dropUnused(hosts)).length, keeps ? 0 : 1);
    });
  }

  test("are not confused by a clock that was set back since an install was armed", async () => {
    const old = certificates.current.fingerprint;
    const installing = host(1, at(60_000));
    await certificates.rotate([installing]);
    assert.equal(certificates.at(at(60_000)).fingerprint, old);
  });

  test("take the operator's own pair, and refuse one that is not", async () => {
    const fixture = async (name: string) => String(await readFile(new URL(`../fixtures/tls/${name}`, import.meta.url)));
    const [keyPem, certPem] = [await fixture("rsa-key.pem"), await fixture("rsa-cert.pem")];
    const before = certificates.current;
    const wrong = { keyPem: await fixture("ed25519-key.pem"), certPem };
    await assert.rejects(
      certificates.rotate([], wrong),
      /the key is not the key of the certificate in the certificate/,
    );
    assert.equal(certificates.current, before);
    const made = await certificates.rotate([], { keyPem, certPem });
    assert.equal(made.fingerprint, new X509Certificate(certPem).fingerprint256);
    await assert.rejects(certificates.rotate([], { keyPem, certPem }), /in use already/);
  });

  test("keep keys for their owner alone", async () => {
    clock.advance(1000);
    await certificates.rotate([host(1, at(0))]);
    const keys = (await readdir(folder)).filter((file) => file.endsWith("-key.pem"));
    assert.equal(keys.length, 2);
    for (const key of keys) assert.equal((await stat(join(folder, key))).mode & 0o777, 0o600);
  });

  test("have nothing to say of one that is good for years", () => {
    assert.deepEqual(certificates.warnings(), []);
  });
});

test("expiryWarning() comes a month before the end, and after it", async () => {
  const pem = await readFile(new URL("../fixtures/tls/rsa-cert.pem", import.meta.url));
  const certificate = new X509Certificate(pem);
  const end = Date.parse(certificate.validTo);
  const day = 24 * 3_600_000;
  assert.equal(expiryWarning(certificate, (end - 31 * day) as Instant), null);
  assert.match(
    expiryWarning(certificate, (end - 29 * day) as Instant) ?? "",
    /expires on 2\d{3}-\d\d-\d\d; .*tls rotate/,
  );
  assert.match(expiryWarning(certificate, (end + day) as Instant) ?? "", /expired on/);
});
