/** One visitor at a time for each BMC: they choke on more, and two who switch at once are two too many. */
export class BmcTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` when everybody who came before is done. Its outcome is the answer. */
  async take<T>(bmc: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(bmc) ?? Promise.resolve();
    const turn = before.then(work, work);
    const settled = turn.then(
      () => {},
      () => {},
    );
    this.#last.set(bmc, settled);
    try {
      return await turn;
    } finally {
      if (this.#last.get(bmc) === settled) this.#last.delete(bmc);
    }
  }
}
