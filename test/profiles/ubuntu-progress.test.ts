import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readProgress } from "../../src/profiles/ubuntu-progress.ts";
import { event, FAILED_INSTALL, fail, GOOD_INSTALL, NO_SPACE } from "../support/ubuntu-events.ts";

const told = (events: readonly unknown[]) =>
  events.flatMap((each) => {
    const progress = readProgress(each);
    if (progress === null) return [];
    if (progress.type === "step")
      return [`${progress.step}: ${progress.outcome}${progress.text === "" ? "" : ` (${progress.text})`}`];
    return [progress.type === "failed" ? `FAILED ${progress.reason}` : "INSTALLED"];
  });

describe("readProgress()", () => {
  test("makes a story of an install that a person can follow", () => {
    assert.deepEqual(told(GOOD_INSTALL), [
      "check the answer: started",
      "check the answer: succeeded",
      "early commands: started",
      "early commands: succeeded",
      "choose the archive: started",
      "choose the archive: succeeded",
      "partition the disk: started",
      "partition the disk: noted (curtin command block-meta)",
      "partition the disk: noted (configuring disk: disk-sda)",
      "partition the disk: noted (configuring partition: partition-0)",
      "partition the disk: succeeded",
      "copy the system: started",
      "copy the system: noted (acquiring and extracting image from cp:///tmp/tmp5x)",
      "copy the system: succeeded",
      "install the kernel and the boot loader: started",
      "install the kernel and the boot loader: noted (installing kernel)",
      "install the kernel and the boot loader: succeeded",
      "configure the system: started",
      "configure the system: noted (installing openssh-server)",
      "install updates: started",
      "install updates: failed (apt would not)",
      "configure the system: succeeded",
      "late commands: started",
      "late commands: succeeded",
      "INSTALLED",
      "INSTALLED",
    ]);
  });

  test("tells the reason of a failure, and that there was one even without it", () => {
    assert.deepEqual(told(FAILED_INSTALL).slice(-4), [
      `partition the disk: failed (${NO_SPACE})`,
      `FAILED ${NO_SPACE}`,
      `FAILED ${NO_SPACE}`,
      "FAILED ",
    ]);
  });

  test("takes the spellings of later installers", () => {
    assert.deepEqual(told([fail("subiquity/Late/run_user_supplied/command_3", "no")]), ["FAILED no"]);
    assert.deepEqual(told([event("subiquity/Early/run_user_supplied", "start")]), ["early commands: started"]);
  });

  test("makes one line of a long text with line ends", () => {
    const [line = ""] = told([fail("subiquity/Install/install", `a\nb\t${"x".repeat(5000)}`)]);
    assert.match(line, /^FAILED a b x+$/);
    assert.ok(line.length < 500);
  });

  for (const body of [
    null,
    "text",
    [],
    {},
    { name: 7, event_type: "finish" },
    { name: "subiquity/Install/install", event_type: "finish", result: 3, description: {}, level: "DEBUG" },
    event("something/else", "finish", { result: "FAIL" }),
    event("subiquity/Install/install/curtin_install/run_curtin_step/cmd-install/stage-future", "start"),
  ]) {
    test(`has nothing to say of ${JSON.stringify(body).slice(0, 60)}`, () => assert.equal(readProgress(body), null));
  }
});
