import assert from "node:assert/strict";
import { test } from "node:test";
import type { Log } from "../../src/std/log.ts";
import { SparingLog } from "../../src/tftp/sparing-log.ts";
import { FakeClock } from "../support/fake-clock.ts";

test("SparingLog says each of a few refusals, and how many a flood was", () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const say = (message: string, fields: object = {}) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: say, info: say, warn: say, error: say };
  const sparing = new SparingLog(clock, log);
  for (let n = 0; n < 5000; n++) sparing.info("TFTP refused", { file: `file-${n}` });
  clock.advance(1000);
  sparing.info("TFTP refused", { file: "last" });
  assert.equal(lines.length, 102);
  assert.equal(lines[0], 'TFTP refused {"file":"file-0"}');
  assert.match(lines[100] ?? "", /4900 more requests were refused or broken off/);
  assert.equal(lines[101], 'TFTP refused {"file":"last"}');
});
