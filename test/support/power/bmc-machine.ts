/** A machine as the BMC sees it. The lab brings real virtual ones. */
export interface BmcMachine {
  /** As the BMC calls it. */
  readonly id: string;
  readonly uuid: string;
  readonly serial: string;
  readonly macs: readonly string[];
  isOn(): boolean;
  /** `firstBoot`: what it boots this once. */
  turnOn(firstBoot: "network" | "usual"): void | Promise<void>;
  turnOff(): void | Promise<void>;
  /** Asked by ACPI; it may not listen. */
  shutDown(): void | Promise<void>;
}

/** One that only remembers what was done to it. */
export class FakeMachine implements BmcMachine {
  readonly id: string;
  readonly uuid: string;
  readonly serial: string;
  readonly macs: readonly string[];
  /** `on network`, `off`, …, oldest first. */
  readonly history: string[] = [];
  listensToAcpi = true;
  #on: boolean;

  constructor(n: number, id: string, on = true) {
    const nn = n.toString(16).padStart(2, "0");
    this.id = id;
    this.uuid = `4c4c4544-0043-5110-8031-c7c04f5100${nn}`;
    this.serial = `SERIAL-${nn}`;
    this.macs = [`52:54:00:00:01:${nn}`, `52:54:00:00:02:${nn}`];
    this.#on = on;
  }

  isOn(): boolean {
    return this.#on;
  }

  turnOn(firstBoot: "network" | "usual"): void {
    this.#on = true;
    this.history.push(firstBoot === "network" ? "on network" : "on");
  }

  turnOff(): void {
    this.#on = false;
    this.history.push("off");
  }

  shutDown(): void {
    this.history.push("asked to shut down");
    if (this.listensToAcpi) this.#on = false;
  }
}
