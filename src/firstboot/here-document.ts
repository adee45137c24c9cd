/** Input of a command of a POSIX shell, untouched whatever is in it; the word that ends it is none of its lines. */
export function hereDocument(command: string, text: string): string {
  let end = "END-OF-FILE";
  const lines = new Set(text.split("\n"));
  while (lines.has(end)) end += "-";
  return `${command} <<'${end}'\n${text}${text.endsWith("\n") ? "" : "\n"}${end}\n`;
}
