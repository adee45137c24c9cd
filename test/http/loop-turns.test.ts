import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LoopTurns } from "../../src/http/loop-turns.ts";

describe("LoopTurns", () => {
  test("lets so many octets go in each turn, in the order in which they came, and others in between", async () => {
    const turns = new LoopTurns(100);
    const log: string[] = [];
    const all = [60, 40, 70, 20, 300, 10].map((bytes) => turns.next(bytes).then(() => log.push(String(bytes))));
    const watch = () => {
      log.push("|");
      if (log.length < 40) setImmediate(watch);
    };
    setImmediate(watch);
    await Promise.all(all);
    assert.equal(
      log
        .join(" ")
        .replaceAll(/(\| )+/g, "| ")
        .trim(),
      "60 40 | 70 20 | 300 | 10",
    );
  });

  test("goes on after it had nothing to do", async () => {
    const turns = new LoopTurns(100);
    await turns.next(1);
    await turns.next(1);
  });
});
