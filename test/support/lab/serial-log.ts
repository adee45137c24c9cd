import { existsSync, readFileSync } from "node:fs";

/** What a machine wrote on its serial port, as lines of text. */
export class SerialLog {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Everything so far, without the escape sequences with which firmware paints its screen. */
  text(): string {
    if (!existsSync(this.#path)) return "";
    return stripEscapes(readFileSync(this.#path, "latin1"));
  }

  /** The lines that match, oldest first. */
  lines(pattern: RegExp): readonly string[] {
    return this.text()
      .split("\n")
      .filter((line) => pattern.test(line));
  }

  /** The last lines that say anything. */
  tail(count: number): readonly string[] {
    return this.text()
      .split("\n")
      .filter((line) => line.trim() !== "")
      .slice(-count);
  }
}

/** Cursor movements become new lines, so that texts painted side by side do not run together. */
function stripEscapes(text: string): string {
  return text
    .replaceAll(CURSOR_MOVE, "\n")
    .replaceAll(ESCAPE, "")
    .replaceAll("\r\n", "\n")
    .replaceAll("\r", "\n")
    .replaceAll(CONTROL, "");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of ECMA-48 begin with one.
const CURSOR_MOVE = /\u001b\[\d*(?:;\d*)?[Hf]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const ESCAPE = /\u001b(?:\[[0-9;?=]*[ -/]*[@-~]|[()][0-9A-B]|[=>78c])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: everything unprintable but the line feed.
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f]/g;
