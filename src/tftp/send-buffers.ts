/** Octets on their way out. */
export interface SendBuffer {
  readonly bytes: Buffer;
  /** Puts it back, when `bytes` may be changed again. */
  readonly free: () => void;
}

/** Of one size as many as were ever on their way at once, but no more than this. */
const FREE_MAX = 256;

/**
 * Buffers for DATA, used over and over: 100,000 new ones a second would be 150 MB for the garbage collector. Nearly all
 * transfers agree on the same size; what has another takes a new one each time.
 */
export class SendBuffers {
  #size = 0;
  #free: SendBuffer[] = [];
  /** How many of this size are not free. */
  #away = 0;

  /** Not zeroed. */
  take(size: number): SendBuffer {
    // Another size has its turn when nothing of this one is under way.
    if (size !== this.#size && this.#away === 0) {
      this.#size = size;
      this.#free = [];
    }
    if (size !== this.#size) return { bytes: Buffer.allocUnsafe(size), free: () => {} };
    this.#away++;
    return this.#free.pop() ?? this.#make(size);
  }

  #make(size: number): SendBuffer {
    const made: SendBuffer = {
      bytes: Buffer.allocUnsafeSlow(size),
      free: () => {
        this.#away--;
        if (this.#free.length < FREE_MAX) this.#free.push(made);
      },
    };
    return made;
  }
}
