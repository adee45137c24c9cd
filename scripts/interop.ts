// Which clients of others were tried, and what came of it: `npm run interop`. Runs their tests and prints the table of
// docs/interop.md. Needs root and the packages of `scripts/setup test`.
//
//   npm run interop -- [--results FILE] [--write] [TEST_FILE]...
//
// TEST_FILE: only these; without any, all. --results: what earlier runs found is read from FILE, and kept there, so that
// the virtual machines need not run each time. --write: write docs/interop.md. Exit code 1: a test failed.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ROWS, type Row } from "./interop/rows.ts";

interface Ended {
  readonly file: string;
  readonly name: string;
  readonly passed: boolean;
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { values, positionals } = parseArgs({
  options: { results: { type: "string" }, write: { type: "boolean", default: false } },
  allowPositionals: true,
});
const all = new Set(ROWS.flatMap(({ shownBy }) => ("file" in shownBy ? [shownBy.file] : [])));
const files = positionals.length > 0 ? positionals.map((file) => relative(ROOT, file)) : [...all];

// What the machines load may be older than the script that makes it.
if (files.some((file) => file.startsWith("test/lab/"))) {
  execFileSync(fileURLToPath(new URL("../test/support/lab/build", import.meta.url)), { stdio: ["ignore", 2, 2] });
}

const ended = new Map<string, Ended[]>();
if (values.results !== undefined && existsSync(values.results)) {
  for (const line of readFileSync(values.results, "utf8").split("\n").filter(Boolean)) keep(JSON.parse(line) as Ended);
}
for (const file of files) {
  ended.delete(file);
  await runTests(file);
}
if (values.results !== undefined) {
  writeFileSync(
    values.results,
    [...ended.values()]
      .flat()
      .map((test) => `${JSON.stringify(test)}\n`)
      .join(""),
  );
}
const table = renderTable();
process.stdout.write(table);
if (values.write) writeFileSync(new URL("../docs/interop.md", import.meta.url), renderPage(table));
if ([...ended.values()].flat().some(({ passed }) => !passed)) process.exitCode = 1;

function keep(test: Ended): void {
  ended.set(test.file, [...(ended.get(test.file) ?? []), test]);
}

async function runTests(file: string): Promise<void> {
  const reporter = fileURLToPath(new URL("interop/reporter.mjs", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", "--test", `--test-reporter=${reporter}`, file], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  for await (const line of createInterface(child.stdout)) {
    const test = JSON.parse(line) as Omit<Ended, "file">;
    process.stderr.write(`${test.passed ? "ok  " : "FAIL"} ${file}: ${test.name}\n`);
    keep({ file, ...test });
  }
  await closed;
  if (!ended.has(file)) keep({ file, name: "its tests could not be started", passed: false });
}

function resultOf({ shownBy }: Row): string {
  if ("notHere" in shownBy) return "–";
  const tests = (ended.get(shownBy.file) ?? []).filter(({ name }) => shownBy.tests.test(name));
  if (tests.length === 0) return "not run";
  return tests.every(({ passed }) => passed) ? "passed" : "**failed**";
}

function evidenceOf({ shownBy }: Row): string {
  if ("notHere" in shownBy) return shownBy.notHere;
  const names = (ended.get(shownBy.file) ?? []).map(({ name }) => name).filter((name) => shownBy.tests.test(name));
  if (names.length === 0) return `\`${shownBy.file}\`, which was not part of this run`;
  const others = names.length > 1 ? `, and ${names.length - 1} more` : "";
  return `\`${shownBy.file}\`: ${names[0]}${others}`;
}

function renderTable(): string {
  const lines = ROWS.map((row) => `| ${row.client} | ${row.did} | ${resultOf(row)} | ${evidenceOf(row)} |`);
  return ["| client | what it did | result | shown by |", "| --- | --- | --- | --- |", ...lines, ""].join("\n");
}

function renderPage(text: string): string {
  return `# Clients of others

Each row is a real client, or real firmware in a virtual machine, in a whole exchange with the daemon or its servers.
This page is written by \`npm run interop -- --write\`, which runs the tests that it names; a row that cannot be tried
on a test machine says why.

${text}`;
}
