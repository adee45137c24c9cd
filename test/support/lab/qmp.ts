import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";

/** QEMU's machine protocol: one JSON object a line. */
export class Qmp {
  readonly #socket: Socket;
  readonly #answers: AsyncIterator<string>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#answers = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  /** Rejects when no machine listens there. */
  static async connect(path: string): Promise<Qmp> {
    const socket = connect(path);
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const monitor = new Qmp(socket);
    await monitor.execute("qmp_capabilities");
    return monitor;
  }

  /** Rejects with QEMU's own words when it refuses. */
  async execute(command: string, args: Record<string, unknown> = {}): Promise<void> {
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    for (;;) {
      const { value, done } = await this.#answers.next();
      if (done) throw new Error(`QEMU closed its monitor before it answered ${command}`);
      const answer: unknown = JSON.parse(value);
      if (typeof answer !== "object" || answer === null) continue;
      // The greeting and events come in between.
      if ("return" in answer) return;
      if ("error" in answer) throw new Error(`QEMU refused ${command}: ${JSON.stringify(answer.error)}`);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
