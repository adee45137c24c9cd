/**
 * Text that came from the network or from a report, made fit to be shown: no control characters, none that turn the
 * direction of the text around it, and no more than `max` characters. Escaping is the business of `html`.
 */
export function foreignText(text: string, max = 300): string {
  const plain = text.replaceAll(UNSEEN, "\u{fffd}");
  return plain.length <= max ? plain : `${plain.slice(0, max)}…`;
}

/** The same for text of several lines. */
export function foreignLines(text: string, max: number): string {
  return text
    .slice(0, max)
    .split(/\r\n|\r|\n/)
    .map((line) => foreignText(line.replaceAll("\t", "  "), max))
    .join("\n")
    .concat(text.length > max ? "\n…" : "");
}

// C0 and C1 controls, line separators, zero-width characters and the bidirectional controls (Unicode UAX #9 §2).
const UNSEEN = /[\p{Cc}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{206f}\u{feff}]/gu;
