/** Who is signed in. The page asks; the room that keeps the sessions answers. */
export interface Auth {
  /** true: the request carries a session that is alive. */
  sessionOf(request: Request): boolean;
  /** Exchanges the operator token for a session. `slow-down`: too many wrong tokens lately. */
  login(token: string, request: Request): Promise<{ readonly setCookie: string } | "refused" | "slow-down">;
  /** Ends the session; the answer is the `Set-Cookie` value that removes it from the browser. */
  logout(request: Request): Promise<{ readonly setCookie: string }>;
}
