/**
 * Shares the event loop between those who send much and everybody else: so many octets a turn, and between two turns
 * whatever else arrived is read and answered. Copying an image into sockets without it would keep DHCP waiting.
 */
export class LoopTurns {
  readonly #bytesPerTurn: number;
  #waiting: { readonly bytes: number; readonly go: () => void }[] = [];
  #isScheduled = false;

  constructor(bytesPerTurn: number) {
    this.#bytesPerTurn = bytesPerTurn;
  }

  /** Resolves in the turn in which so many octets may be sent; those who came first go first. */
  next(bytes: number): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push({ bytes, go });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    let sent = 0;
    let count = 0;
    for (const { bytes, go } of this.#waiting) {
      // At least one, however large it is.
      if (count > 0 && sent + bytes > this.#bytesPerTurn) break;
      sent += bytes;
      count++;
      go();
    }
    this.#waiting = this.#waiting.slice(count);
    if (this.#waiting.length > 0) this.#schedule();
  }
}
