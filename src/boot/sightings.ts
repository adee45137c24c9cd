import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { SystemUuid } from "../net/system-uuid.ts";
import { type Clock, type Instant, systemClock } from "../std/clock.ts";

interface Sighting {
  readonly address: Ipv4Address | null;
  /** true: it has told this address by DHCP since it last asked for one. */
  readonly isCurrent: boolean;
  readonly uuid: SystemUuid | null;
  /** When it last asked by DHCP; null: never since we started. */
  readonly askedAt: Instant | null;
}

/**
 * What machines let us know of themselves that the queue does not keep: the address that another DHCP server gave them,
 * and the UUID that only their DHCP messages hold. In memory and bounded; good for words, for looking up who asks by
 * TFTP, and for refusing what does not fit it; never for deciding who may have a secret.
 */
export class Sightings {
  /** The one seen longest ago first. */
  readonly #byMac = new Map<MacAddress, Sighting>();
  readonly #byAddress = new Map<Ipv4Address, MacAddress>();
  readonly #machinesMax: number;
  readonly #clock: Clock;
  readonly #startedAt: Instant;

  constructor(clock: Clock = systemClock, machinesMax = 4096) {
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#machinesMax = machinesMax;
  }

  /** It asked by DHCP. What is left out, or null, stays as it was known before. */
  saw(mac: MacAddress, { address, uuid }: Partial<Pick<Sighting, "address" | "uuid">>): void {
    this.#note(mac, {
      address: address ?? null,
      isCurrent: address != null,
      uuid: uuid ?? null,
      askedAt: this.#clock.now(),
    });
  }

  /** It asked for something else, from this address. */
  found(mac: MacAddress, address: Ipv4Address): void {
    this.#note(mac, { address, isCurrent: this.#byMac.get(mac)?.isCurrent ?? false, uuid: null, askedAt: null });
  }

  macAt(address: Ipv4Address): MacAddress | null {
    return this.#byAddress.get(address) ?? null;
  }

  /** The address that it said it takes; null: it has not said so since it last asked for one, or we did not hear it. */
  takenBy(mac: MacAddress): Ipv4Address | null {
    const sighting = this.#byMac.get(mac);
    return sighting?.isCurrent ? sighting.address : null;
  }

  uuidOf(mac: MacAddress): SystemUuid | null {
    return this.#byMac.get(mac)?.uuid ?? null;
  }

  /** Whether it asked by DHCP in the last minutes, as one that boots has; true also when we were not there to hear it. */
  mayHaveAsked(mac: MacAddress): boolean {
    return this.#clock.now() - (this.#byMac.get(mac)?.askedAt ?? this.#startedAt) < RECENT_MS;
  }

  #note(mac: MacAddress, { address, isCurrent, uuid, askedAt }: Sighting): void {
    const before = this.#byMac.get(mac);
    const sighting = {
      address: address ?? before?.address ?? null,
      isCurrent,
      uuid: uuid ?? before?.uuid ?? null,
      askedAt: askedAt ?? before?.askedAt ?? null,
    };
    this.#forget(mac);
    this.#byMac.set(mac, sighting);
    if (sighting.address !== null) {
      // An address goes from one machine to the next: whoever was seen there last has it.
      const previous = this.#byAddress.get(sighting.address);
      const there = previous === undefined ? undefined : this.#byMac.get(previous);
      if (previous !== undefined && there !== undefined)
        this.#byMac.set(previous, { ...there, address: null, isCurrent: false });
      this.#byMac.set(mac, sighting);
      this.#byAddress.set(sighting.address, mac);
    }
    const [oldest] = this.#byMac.keys();
    if (this.#byMac.size > this.#machinesMax && oldest !== undefined) this.#forget(oldest);
  }

  #forget(mac: MacAddress): void {
    const address = this.#byMac.get(mac)?.address;
    if (address != null) this.#byAddress.delete(address);
    this.#byMac.delete(mac);
  }
}

/** From the DISCOVER of the firmware to the boot script it takes a minute or two. */
export const RECENT_MS = 10 * 60_000;
