import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertAnswerGolden } from "../support/answer-golden.ts";
import { exampleProfile } from "../support/kind-examples.ts";
import { TARGET } from "../support/proxmox-profile.ts";
import { testRefusals } from "../support/refusals.ts";

describe("the kind nixos", () => {
  test("writes what it was found to write", () => assertAnswerGolden("nixos", exampleProfile("nixos")));

  test("has its command run with what belongs to the machine, each word as one", () => {
    const command = ["sh", "-c", "echo {hostname}.{domain} {address}/{prefix} {gateway} {mac} {disk}", "$HOME; {"];
    const remote = exampleProfile("nixos", { command, disk: "/dev/vda", command_minutes: 5 }).remote(TARGET);
    assert.deepEqual(remote, {
      port: 22,
      command: {
        words: [
          "sh",
          "-c",
          "echo peach-beach.lab.example 10.11.0.2/22 10.11.0.1 52:54:00:ba:5e:11 /dev/vda",
          "$HOME; {",
        ],
        minutes: 5,
      },
    });
  });

  test("without a command leaves the install to the image", () => {
    assert.equal(exampleProfile("nixos", { command: [] }).remote(TARGET), null);
  });

  testRefusals("nixos", [
    { rule: "no init", change: { init: undefined }, path: "init", says: /^missing/ },
    {
      rule: "an init with another command behind it",
      change: { init: "/nix/store/x/init ip=1" },
      path: "init",
      says: /expected the init=/,
    },
    {
      rule: "a place that nobody knows",
      change: { command: ["x", "{host}"] },
      path: "command[1]",
      says: /expected one of \{hostname\}/,
    },
    {
      rule: "a disk that nobody named",
      change: { command: ["x", "{disk}"] },
      path: "command[1]",
      says: /expected `disk`/,
    },
    { rule: "a flake in the wrong place", change: { flake: ".#x" }, path: "flake", says: /put it into the command/ },
    {
      rule: "kernel arguments that are ours",
      change: { kernel_args: "init=/bin/sh" },
      path: "kernel_args",
      says: /set already/,
    },
  ]);
});
