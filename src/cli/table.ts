/** A column of a table for people. */
export interface Column<Row> {
  readonly title: string;
  cell(row: Row): string;
  /** true: numbers, which are read from the right. */
  readonly right?: boolean;
  /** true: gives way when the table is wider than the terminal. */
  readonly shrinks?: boolean;
  /** Left out when shrinking is not enough; the lowest number goes first. Absent: stays. */
  readonly leaves?: number;
}

/** Aligned columns, two blanks apart. Fits `width` characters as far as its columns give way; null: any width. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number | null): string {
  const filled = columns
    .map((column) => ({ column, cells: rows.map((row) => oneLine(column.cell(row))) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ""));
  const shown = width === null ? filled.map(atFullWidth) : fitted(filled, width);
  const line = (textOf: (at: ShownColumn) => string) =>
    shown
      .map((column) => fit(textOf(column), column.width, column.right))
      .join("  ")
      .trimEnd();
  const lines = [line(({ title }) => title), ...rows.map((_, row) => line(({ cells }) => cells[row] ?? ""))];
  return `${lines.join("\n")}\n`;
}

/** Two columns: names, and what they are. */
export function renderFacts(facts: readonly (readonly [name: string, value: string])[], indent = ""): string {
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  return facts
    .map(
      ([name, value]) =>
        `${indent}${name.padEnd(width)}  ${value.split("\n").join(`\n${indent}${" ".repeat(width + 2)}`)}\n`,
    )
    .join("");
}

interface FilledColumn {
  readonly column: Pick<Column<never>, "title" | "right" | "shrinks" | "leaves">;
  readonly cells: readonly string[];
}

interface ShownColumn {
  readonly title: string;
  readonly cells: readonly string[];
  readonly right: boolean;
  readonly width: number;
}

function atFullWidth({ column, cells }: FilledColumn): ShownColumn {
  const width = Math.max(column.title.length, ...cells.map(characters));
  return { title: column.title, cells, right: column.right ?? false, width };
}

function fitted(columns: readonly FilledColumn[], width: number): readonly ShownColumn[] {
  const widths = columns.map((column) => atFullWidth(column).width);
  let excess = widths.reduce((sum, each) => sum + each, 2 * (widths.length - 1)) - width;
  while (excess > 0) {
    let widest = -1;
    for (const [at, { column }] of columns.entries()) {
      if (column.shrinks && (widths[at] ?? 0) > SHRUNK_MIN && (widths[at] ?? 0) > (widths[widest] ?? 0)) widest = at;
    }
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  const [first] = columns.filter(({ column }) => column.leaves !== undefined).sort(byLeaving);
  if (excess > 0 && first) {
    return fitted(
      columns.filter((column) => column !== first),
      width,
    );
  }
  return columns.map((column, at) => ({ ...atFullWidth(column), width: widths[at] ?? 0 }));
}

const SHRUNK_MIN = 12;

function byLeaving(one: FilledColumn, other: FilledColumn): number {
  return (one.column.leaves ?? 0) - (other.column.leaves ?? 0);
}

function fit(text: string, width: number, right: boolean): string {
  const length = characters(text);
  if (length > width) return `${[...text].slice(0, width - 1).join("")}…`;
  return right ? " ".repeat(width - length) + text : text + " ".repeat(width - length);
}

function characters(text: string): number {
  return [...text].length;
}

/** What machines sent may hold anything; a control character must not reach the terminal. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to keep away.
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}

/** Text of several lines below a heading: two blanks before each, and one line feed at the end. */
export function indented(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${oneLine(line)}`.trimEnd())
    .join("\n")
    .concat("\n");
}
