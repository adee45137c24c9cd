import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { renderFirstBootHook } from "../../src/firstboot/render-hook.ts";
import { stepOf } from "../support/first-boot-step.ts";
import { LINKS, TARGET, TOKEN } from "../support/proxmox-profile.ts";

const TRUST = {
  publicKeyPin: "cGlu",
  certificatePem: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
};
const STEPS = [
  stepOf({ type: "health", url: "http://127.0.0.1:2379/health" }),
  stepOf({ type: "script", name: "own", script: "#!/usr/bin/perl\nprint '$HOME `id` END-OF-FILE';\nEND-OF-FILE\n" }),
];

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "first-boot-hook-"));
});

afterEach(() => rmSync(root, { recursive: true }));

describe("the first-boot hook", () => {
  test("puts agent, settings, steps and unit into a system that is not running, and has the unit started with it", () => {
    mkdirSync(join(root, "usr/lib/systemd"), { recursive: true });
    writeFileSync(join(root, "usr/lib/systemd/systemd"), "");
    assert.deepEqual(run(), { status: 0, stdout: "", stderr: "" });
    assert.deepEqual(run(), { status: 0, stdout: "", stderr: "" });
    const modes = Object.fromEntries(
      ["agent", "settings.sh", "steps.list", "certificate.pem", "steps/02-own"].map((name) => [name, modeOf(name)]),
    );
    assert.deepEqual(modes, {
      agent: "700",
      "settings.sh": "600",
      "steps.list": "600",
      "certificate.pem": "600",
      "steps/02-own": "700",
    });
    assert.equal(
      read("opt/bootqueue-agent/steps.list"),
      "01-health health 120 5 http://127.0.0.1:2379/health\n02-own run 3600 3\n",
    );
    assert.equal(read("opt/bootqueue-agent/certificate.pem"), TRUST.certificatePem);
    assert.equal(
      read("opt/bootqueue-agent/steps/02-own"),
      "#!/usr/bin/perl\nprint '$HOME `id` END-OF-FILE';\nEND-OF-FILE\n",
    );
    const wanted = join(root, "etc/systemd/system/multi-user.target.wants/bootqueue-agent.service");
    assert.equal(readlinkSync(wanted), "../bootqueue-agent.service");
    assert.match(read("etc/systemd/system/bootqueue-agent.service"), /RestartPreventExitStatus=3/);
    assert.deepEqual(
      readdirSync(join(root, "opt/bootqueue-agent")).filter((name) => name.endsWith(".new")),
      [],
    );
  });

  test("gives the agent its settings as a shell reads them", () => {
    mkdirSync(join(root, "usr/lib/systemd"), { recursive: true });
    writeFileSync(join(root, "usr/lib/systemd/systemd"), "");
    run({ base: "https://10.11.0.1/it's/$(id)" });
    const said = spawnSync(
      "/bin/sh",
      ["-c", '. "$0"; printf "%s|%s|%s" "$BASE" "$TOKEN" "$PIN"', join(root, "opt/bootqueue-agent/settings.sh")],
      { encoding: "utf8" },
    );
    assert.equal(said.stdout, `https://10.11.0.1/it's/$(id)|${TOKEN}|cGlu`);
  });

  test("uses OpenRC where there is no systemd", () => {
    mkdirSync(join(root, "sbin"), { recursive: true });
    writeFileSync(join(root, "sbin/openrc-run"), "");
    assert.equal(run().status, 0);
    assert.equal(readlinkSync(join(root, "etc/runlevels/default/bootqueue-agent")), "/etc/init.d/bootqueue-agent");
    assert.equal(existsSync(join(root, "etc/systemd")), false);
  });

  test("says so where nothing would start the agent", () => {
    const { status, stdout } = run();
    assert.equal(status, 1);
    assert.match(stdout, /neither systemd nor OpenRC is in /);
  });

  test("fails, so that it is run again, where it cannot write", () => {
    writeFileSync(join(root, "opt"), "a file where a folder should be");
    assert.equal(run().status, 1);
  });
});

function run({ base = LINKS.agent.base } = {}) {
  const text = renderFirstBootHook({ steps: STEPS }, TARGET, { token: TOKEN, agent: { base, trust: TRUST } });
  const { status, stdout, stderr } = spawnSync("/bin/sh", ["-s"], {
    input: text,
    encoding: "utf8",
    env: { PATH: process.env.PATH, BOOTQUEUE_ROOT: root },
  });
  return { status, stdout, stderr: status === 0 ? stderr : "" };
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function modeOf(name: string): string {
  return (statSync(join(root, "opt/bootqueue-agent", name)).mode & 0o777).toString(8);
}
