/** One thing wrong with something from outside: where it stands, and what was wanted, found, and is to be done. */
export interface Problem {
  /** Path inside the document: `network.address`, `slot[2].hostname`; empty for the document as a whole. */
  readonly path: string;
  readonly message: string;
}

/** `network.address: expected an IPv4 address, found "10.0.8.256"` */
export function formatProblem(problem: Problem): string {
  return problem.path === "" ? problem.message : `${problem.path}: ${problem.message}`;
}
