import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { agentTrustOf, loadCertificate } from "../../src/http/certificate.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { Instant } from "../../src/std/clock.ts";
import { counting, runAgent } from "../support/agent-bench.ts";
import { agentSite } from "../support/agent-site.ts";

const site = agentSite();
const { open, machineWith } = site;

describe("the first-boot agent, over HTTPS", () => {
  const folder = mkdtempSync(join(tmpdir(), "agent-tls-"));
  after(() => rmSync(folder, { recursive: true }));

  for (const client of ["curl", "wget", "openssl"] as const) {
    test(`with ${client} goes by the key alone: the certificate may be out of date and name somebody else`, async () => {
      // Made so that it ended in 2010.
      const certificate = await loadCertificate(
        folder,
        { address: "10.97.0.1" as Ipv4Address },
        631_152_000_000 as Instant,
      );
      await open({ tls: { key: certificate.keyPem, cert: certificate.certPem } });
      const machine = machineWith({ client, trust: agentTrustOf(certificate), steps: [counting("own")] });
      const { code, output } = await runAgent(machine);
      assert.equal(code, 0, output);
      assert.equal(site.appliance.stateOf(), "ready");
    });

    test(`with ${client} tells a server with another key nothing`, async () => {
      const certificate = await loadCertificate(
        folder,
        { address: "10.97.0.1" as Ipv4Address },
        631_152_000_000 as Instant,
      );
      const other = mkdtempSync(join(tmpdir(), "agent-tls-"));
      const foreign = await loadCertificate(other, { address: "10.97.0.1" as Ipv4Address }, Date.now() as Instant);
      rmSync(other, { recursive: true });
      await open({ tls: { key: foreign.keyPem, cert: foreign.certPem } });
      const machine = machineWith({ client, trust: agentTrustOf(certificate), patience: 1 });
      const { code, output } = await runAgent(machine);
      assert.equal(code, 1, output);
      assert.deepEqual(site.appliance.heard, []);
    });
  }

  test("does not fall back to a program that cannot tell whom it speaks to", async () => {
    const certificate = await loadCertificate(folder, { address: "10.97.0.1" as Ipv4Address }, Date.now() as Instant);
    await open({ tls: { key: certificate.keyPem, cert: certificate.certPem } });
    const machine = machineWith({ client: "wget of busybox", trust: agentTrustOf(certificate) });
    const { code, output } = await runAgent(machine);
    assert.equal(code, 3, output);
    assert.match(output, /for HTTPS/);
    assert.deepEqual(site.appliance.heard, []);
  });
});
