/** The part of a key line that tells it from all others: its base64 body. */
export function keyBodyOf(line: string): string {
  return /(?:^|\s)(AAAA[A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(line)?.[1] ?? "";
}
