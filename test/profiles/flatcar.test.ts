import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertAnswerGolden, fileOf } from "../support/answer-golden.ts";
import { exampleProfile } from "../support/kind-examples.ts";
import { SSH_KEY } from "../support/proxmox-profile.ts";
import { testRefusals } from "../support/refusals.ts";

interface Ignition {
  readonly ignition: { readonly version: string };
  readonly storage: { readonly files: readonly { path: string; mode: number; contents: { source: string } }[] };
  readonly systemd: { readonly units: readonly { name: string; enabled: boolean; contents: string }[] };
  readonly passwd: { readonly users: readonly Record<string, unknown>[] };
}

/** The text of a file that Ignition would write. */
function contentOf({ storage }: Ignition, path: string): string {
  const source = storage.files.find((file) => file.path === path)?.contents.source ?? "";
  assert.match(source, /^data:,[\x21-\x7e]*$/);
  return decodeURIComponent(source.slice("data:,".length));
}

const FULL = {
  authorized_keys: [SSH_KEY],
  password_hash: undefined,
  mirror: "http://10.11.0.1/assets/flatcar/images",
  version: "4230.2.0",
  first_boot: { steps: [{ type: "time" }] },
  ignition: {
    systemd: { units: [{ name: "docker.service", enabled: true }] },
    storage: { directories: [{ path: "/srv" }] },
  },
};

describe("the kind flatcar", () => {
  test("writes what it was found to write, for the example", () =>
    assertAnswerGolden("flatcar", exampleProfile("flatcar")));
  test("writes what it was found to write, for all its settings", () =>
    assertAnswerGolden("flatcar-full", exampleProfile("flatcar", FULL)));

  test("holds in the configuration of the system in memory that of the system on the disk", () => {
    const outer: Ignition = JSON.parse(fileOf(exampleProfile("flatcar", FULL), "ignition.json"));
    assert.equal(outer.ignition.version, "3.3.0");
    assert.deepEqual(
      outer.systemd.units.map(({ name }) => name),
      ["bootqueue-install.service"],
    );
    const inner: Ignition = JSON.parse(contentOf(outer, "/opt/bootqueue/system.json"));
    assert.equal(contentOf(inner, "/etc/hostname"), "peach-beach.lab.example\n");
    assert.match(contentOf(inner, "/etc/systemd/network/00-bootqueue.network"), /^Address=10\.11\.0\.2\/22$/m);
    assert.deepEqual(
      inner.systemd.units.map(({ name }) => name),
      ["bootqueue-hook.service", "docker.service"],
    );
    assert.deepEqual(inner.passwd.users, [{ name: "core", sshAuthorizedKeys: [SSH_KEY] }]);
    const script = contentOf(outer, "/opt/bootqueue/install");
    assert.match(script, /flatcar-install -d "\$\(readlink -f .*\/dev\/sda.*\)" -i \/opt\/bootqueue\/system\.json/);
    assert.doesNotMatch(
      contentOf(outer, "/opt/bootqueue/system.json"),
      /bootqueue-install/,
      "it does not install itself",
    );
  });

  testRefusals("flatcar", [
    { rule: "a machine without a disk", change: { disk: undefined }, path: "disk", says: /^missing/ },
    {
      rule: "a machine without a way in",
      change: { password_hash: undefined },
      path: "authorized_keys",
      says: /nobody could log in/,
    },
    {
      rule: "a version of Ignition",
      change: { ignition: { ignition: { version: "3.0.0" } } },
      path: "ignition.ignition",
      says: /writes the version/,
    },
    {
      rule: "what Ignition does not know",
      change: { ignition: { files: [] } },
      path: "ignition.files",
      says: /known here/,
    },
    {
      rule: "a password in clear text",
      change: { password: "secret" },
      path: "password",
      says: /not kept in clear text/,
    },
    {
      rule: "kernel arguments that are ours",
      change: { kernel_args: "ignition.config.url=x" },
      path: "kernel_args",
      says: /set already/,
    },
  ]);
});
