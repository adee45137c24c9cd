import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Table } from "../../src/queue/table.ts";
import type { TableChanges } from "../../src/queue/table-changes.ts";
import type { Shape } from "../../src/queue/table-shape.ts";
import { chosenSeed, seeded } from "../support/random-queue.ts";

const SEED = chosenSeed();

interface Row {
  readonly id: string;
  readonly tags: readonly string[];
  readonly weight: number;
}

const SHAPE: Shape<Row, number> = {
  idOf: (row) => row.id,
  keysOf: (row) => [row.id, ...row.tags],
  summaryOf: (rows) => Math.min(...rows.map((row) => row.weight)),
  merged: (summaries) => Math.min(...summaries),
};

describe("Table, beside a plain array", () => {
  for (const count of [0, 1, 40, 3000]) {
    test(`says the same after any changes to ${count} rows`, () => {
      const random = randomRows(SEED + count);
      let rows = Array.from({ length: count }, (_, n) => random.row(`r${n}`));
      let table = Table.of(SHAPE, rows);
      for (let round = 0; round < 1500; round++) {
        const told = `SEED=${SEED} round ${round}`;
        const row = random.row(`r${random.below(count + 20)}`);
        if (random.below(3) === 0) {
          rows = rows.filter(({ id }) => id !== row.id);
          table = table.without(row.id);
        } else {
          rows = rows.some(({ id }) => id === row.id)
            ? rows.map((old) => (old.id === row.id ? row : old))
            : [...rows, row];
          table = table.with(row);
        }
        check(table, rows, random.below(count + 20), `t${random.below(12)}`, told);
        if (round % 100 === 0) assert.deepEqual([...table], rows, told);
      }
    });
  }

  test("an older table still says what it said, whatever came of it, along every branch", () => {
    const random = randomRows(SEED);
    const rows = Array.from({ length: 100 }, (_, n) => random.row(`r${n}`));
    const versions = [{ rows, table: Table.of(SHAPE, rows) }];
    for (let round = 0; round < 800; round++) {
      const from = versions[random.below(versions.length)] ?? assert.fail();
      const row = random.row(`r${random.below(130)}`);
      const isGone = random.below(3) === 0;
      const without = from.rows.filter(({ id }) => id !== row.id);
      const at = from.rows.findIndex(({ id }) => id === row.id);
      const next = isGone ? without : at < 0 ? [...from.rows, row] : from.rows.with(at, row);
      versions.push({ rows: next, table: isGone ? from.table.without(row.id) : from.table.with(row) });
    }
    for (const [n, { rows, table }] of versions.entries()) {
      assert.deepEqual([...table], rows, `SEED=${SEED} version ${n}`);
      check(table, rows, random.below(130), `t${random.below(12)}`, `SEED=${SEED} version ${n}`);
    }
  });

  test("what changed since an older table makes that one into this one", () => {
    const random = randomRows(SEED);
    let table = Table.of(
      SHAPE,
      Array.from({ length: 2500 }, (_, n) => random.row(`r${n}`)),
    );
    for (let round = 0; round < 300; round++) {
      const before = table;
      for (let n = random.below(30); n > 0; n--) {
        const row = random.row(`r${random.below(2600)}`);
        table = random.below(3) === 0 ? table.without(row.id) : table.with(row);
      }
      // As after a restart: rows that are equal, in a table that knows nothing of the other.
      const stranger = random.below(10) === 0 ? Table.of(SHAPE, [...before]) : before;
      const changes = table.changesSince(stranger);
      assert.deepEqual(changes && applied([...before], changes), [...table], `SEED=${SEED} round ${round}`);
    }
  });

  test("looks at what changed alone", () => {
    const random = randomRows(SEED);
    const table = Table.of(
      SHAPE,
      Array.from({ length: 2500 }, (_, n) => random.row(`r${n}`)),
    );
    const row = random.row("r1234");
    assert.deepEqual(
      { ...table.with(row).changesSince(table) },
      {
        gone: [],
        set: [row],
        was: [table.get("r1234")],
      },
    );
    assert.deepEqual({ ...table.without("r7").changesSince(table) }, { gone: ["r7"], set: [], was: [] });
    assert.deepEqual({ ...table.changesSince(table) }, { gone: [], set: [], was: [] });
  });

  test("says that it cannot be said when a row is new before others that stayed", () => {
    const random = randomRows(SEED);
    const rows = Array.from({ length: 300 }, (_, n) => random.row(`r${n}`));
    const table = Table.of(SHAPE, rows);
    assert.equal(Table.of(SHAPE, [random.row("new"), ...rows]).changesSince(table), null);
    const turned = Table.of(SHAPE, rows.toReversed()).changesSince(table);
    assert.deepEqual(turned && applied(rows, turned), rows.toReversed());
  });

  test("of neighbours that do not matter not one is looked at", () => {
    const rows = Array.from({ length: 5000 }, (_, n) => ({ id: `r${n}`, tags: [], weight: n === 4321 ? 1 : 9 }));
    const found = [...Table.of(SHAPE, rows).rowsWhere((least) => least < 5)].flat();
    assert.ok(found.includes(rows[4321] ?? assert.fail()));
    assert.ok(found.length < 100, `${found.length} rows`);
  });

  test("forgets keys that nobody bears any more", () => {
    let table = Table.of(SHAPE, [{ id: "a", tags: [], weight: 1 }] as readonly Row[]);
    for (let n = 0; n < 50_000; n++) table = table.with({ id: "a", tags: [`t${n}`], weight: 1 });
    assert.equal(table.lookUp("t49999", () => true)?.id, "a");
    assert.equal(
      table.lookUp("t49998", (row) => row.tags.includes("t49998")),
      undefined,
    );
  });
});

function check(table: Table<Row, number>, rows: readonly Row[], n: number, tag: string, told: string): void {
  const bears = (row: Row) => row.tags.includes(tag);
  assert.equal(table.length, rows.length, told);
  assert.equal(
    table.get(`r${n}`),
    rows.find(({ id }) => id === `r${n}`),
    told,
  );
  assert.equal(table.lookUp(tag, bears), rows.find(bears), told);
  assert.equal(table.at(n), rows[n], told);
  assert.equal(table.summary, Math.min(...rows.map((row) => row.weight)), told);
  const row = rows[n];
  if (row !== undefined) assert.equal(table.indexOf(row), n, told);
  assert.equal(table.indexOf({ id: `r${n}`, tags: [], weight: 0 }), -1, told);
  const light = [...table.rowsWhere((least) => least < 10)].flat().filter(({ weight }) => weight < 10);
  assert.deepEqual(
    light,
    rows.filter(({ weight }) => weight < 10),
    told,
  );
}

function applied(rows: readonly Row[], { gone, set }: TableChanges<Row>): readonly Row[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const id of gone) byId.delete(id);
  for (const row of set) byId.set(row.id, row);
  return [...byId.values()];
}

function randomRows(seed: number) {
  const numbers = seeded(seed);
  const below = (limit: number) => Math.floor(numbers() * limit);
  return {
    below,
    row: (id: string): Row => ({
      id,
      tags: Array.from({ length: below(3) }, () => `t${below(12)}`),
      weight: below(1000),
    }),
  };
}
