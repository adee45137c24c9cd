import type { Neighbours } from "../../src/boot/neighbours.ts";
import type { Ipv4Address } from "../../src/net/ipv4-address.ts";
import type { MacAddress } from "../../src/net/mac-address.ts";
import type { Clock, Instant } from "../../src/std/clock.ts";

/** A network segment and the system's memory of it, with the times that Linux takes. */
export class FakeNeighbours implements Neighbours {
  readonly asked: Ipv4Address[] = [];
  /** Reading the table fails. */
  fails = false;
  mostAtOnce = 0;
  readonly #clock: Clock;
  readonly #there = new Map<Ipv4Address, MacAddress>();
  readonly #known = new Map<Ipv4Address, { mac: MacAddress; confirmed: Instant; doubted: Instant | null }>();
  #atOnce = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  comes(address: Ipv4Address, mac: MacAddress): void {
    this.#there.set(address, mac);
  }

  goes(address: Ipv4Address): void {
    this.#there.delete(address);
  }

  ask(address: Ipv4Address): void {
    this.asked.push(address);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
    const now = this.#clock.now();
    const mac = this.#there.get(address);
    const known = this.#known.get(address);
    if (known !== undefined) {
      // One that it has not heard of for 45 s is asked for anew, in the background.
      if (now - known.confirmed > 45_000) known.doubted ??= now;
    } else if (mac !== undefined) this.#known.set(address, { mac, confirmed: now, doubted: null });
  }

  async table(): Promise<string> {
    if (this.fails) throw new Error("no such file");
    this.#atOnce = 0;
    const now = this.#clock.now();
    const lines = ["IP address       HW type     Flags       HW address            Mask     Device"];
    for (const [address, known] of this.#known) {
      if (known.doubted !== null && now - known.doubted >= 8_000) {
        const mac = this.#there.get(address);
        if (mac === undefined) {
          this.#known.delete(address);
          lines.push(`${address}        0x1         0x0         00:00:00:00:00:00     *        eth0`);
          continue;
        }
        this.#known.set(address, { mac, confirmed: now, doubted: null });
      }
      lines.push(`${address}        0x1         0x2         ${this.#known.get(address)?.mac}     *        eth0`);
    }
    return `${lines.join("\n")}\n`;
  }
}
