/** A word of a POSIX shell's command line that stands for exactly this text. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export function quotedAll(texts: readonly string[]): string {
  return texts.map(quoted).join(" ");
}
