import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { jsonLog, type LogLevel, silentLog } from "../../src/std/log.ts";

describe("jsonLog()", () => {
  test("writes one JSON object a line: time, level, message, then the fields", () => {
    const lines = written("info", (log) => log.info("OFFER", { mac: "52:54:00:00:00:01", yiaddr: "10.11.0.2" }));
    assert.deepEqual(lines, [
      '{"time":"1970-01-01T00:00:01.000Z","level":"info","message":"OFFER","mac":"52:54:00:00:00:01","yiaddr":"10.11.0.2"}\n',
    ]);
  });

  test("keeps a message with a line feed on one line", () => {
    const [line = ""] = written("info", (log) => log.info("a\nb"));
    assert.equal(line.indexOf("\n"), line.length - 1);
  });

  const levels: readonly (readonly [LogLevel, readonly LogLevel[]])[] = [
    ["debug", ["debug", "info", "warn", "error"]],
    ["info", ["info", "warn", "error"]],
    ["warn", ["warn", "error"]],
    ["error", ["error"]],
  ];
  for (const [level, expected] of levels) {
    test(`from ${level} up writes ${expected.join(", ")}`, () => {
      const lines = written(level, (log) => {
        for (const one of ["debug", "info", "warn", "error"] as const) log[one]("x");
      });
      assert.deepEqual(
        lines.map((line) => JSON.parse(line).level),
        expected,
      );
    });
  }
});

test("silentLog says nothing", () => {
  for (const level of ["debug", "info", "warn", "error"] as const) assert.equal(silentLog[level]("x"), undefined);
});

function written(level: LogLevel, say: (log: ReturnType<typeof jsonLog>) => void): readonly string[] {
  const lines: string[] = [];
  say(
    jsonLog(
      (line) => lines.push(line),
      level,
      () => 1000,
    ),
  );
  return lines;
}
