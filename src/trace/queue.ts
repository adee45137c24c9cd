/** A place in a queue. It stays good when its value is replaced. */
export interface Link<T> {
  value: T;
  before: Link<T> | null;
  after: Link<T> | null;
  /** null: it left. */
  queue: Queue<T> | null;
}

/** Values in a row, of which any can leave or go to the end at once, whatever the length. A Set's first is far to seek. */
export class Queue<T> {
  #first: Link<T> | null = null;
  #last: Link<T> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(value: T): Link<T> {
    const link: Link<T> = { value, before: null, after: null, queue: null };
    this.#append(link);
    return link;
  }

  /** One that had left comes again. */
  moveToEnd(link: Link<T>): void {
    if (this.#last === link) return;
    this.remove(link);
    this.#append(link);
  }

  /** Does nothing when it left before. */
  remove(link: Link<T>): void {
    if (link.queue !== this) return;
    if (link.before === null) this.#first = link.after;
    else link.before.after = link.after;
    if (link.after === null) this.#last = link.before;
    else link.after.before = link.before;
    link.before = null;
    link.after = null;
    link.queue = null;
    this.#size--;
  }

  /** undefined: there is none. */
  removeFirst(): T | undefined {
    const first = this.#first;
    if (first === null) return undefined;
    this.remove(first);
    return first.value;
  }

  *values(): IterableIterator<T> {
    for (let link = this.#first; link !== null; link = link.after) yield link.value;
  }

  #append(link: Link<T>): void {
    link.queue = this;
    link.before = this.#last;
    if (this.#last === null) this.#first = link;
    else this.#last.after = link;
    this.#last = link;
    this.#size++;
  }
}
