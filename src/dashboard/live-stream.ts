/** One browser's event stream (WHATWG HTML §9.2). It never makes its sender wait: a browser that cannot keep up is dropped. */
export class LiveStream {
  readonly body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  readonly #onEnd: () => void;

  /** `onEnd` is called once, whoever ended it. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: UNSENT_BYTES_MAX }),
    );
  }

  /** `data` becomes one line of JSON. Does nothing once the stream has ended. */
  send(event: string, data: unknown, id: string): void {
    if (this.#controller === null) return;
    // What is still unsent after so much is for a browser that sleeps; it asks anew when it wakes.
    if ((this.#controller.desiredSize ?? 0) <= 0) this.close();
    else this.#controller.enqueue(TEXT.encode(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
  }

  /** Says how soon to come back after a loss, in milliseconds. */
  announceRetry(delayMs: number): void {
    this.#controller?.enqueue(TEXT.encode(`retry: ${delayMs}\n\n`));
  }

  close(): void {
    const controller = this.#controller;
    this.#end();
    controller?.close();
  }

  #end(): void {
    if (this.#controller === null) return;
    this.#controller = null;
    this.#onEnd();
  }
}

const TEXT = new TextEncoder();
const UNSENT_BYTES_MAX = 4 * 1024 * 1024;
