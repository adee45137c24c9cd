import type { Ipv4Address } from "../net/ipv4-address.ts";
import type { MacAddress } from "../net/mac-address.ts";
import type { SystemUuid } from "../net/system-uuid.ts";

interface Sighting {
  readonly address: Ipv4Address | null;
  readonly uuid: SystemUuid | null;
}

/**
 * What machines let us know of themselves that the queue does not keep: the address that another DHCP server gave them,
 * and the UUID that only their DHCP messages hold. In memory and bounded; good for words and for looking up who asks by
 * TFTP, never for deciding who may have a secret.
 */
export class Sightings {
  /** The one seen longest ago first. */
  readonly #byMac = new Map<MacAddress, Sighting>();
  readonly #byAddress = new Map<Ipv4Address, MacAddress>();
  readonly #machinesMax: number;

  constructor(machinesMax = 4096) {
    this.#machinesMax = machinesMax;
  }

  /** What is left out, or null, stays as it was known before. */
  saw(mac: MacAddress, { address, uuid }: Partial<Sighting>): void {
    const before = this.#byMac.get(mac);
    const sighting = { address: address ?? before?.address ?? null, uuid: uuid ?? before?.uuid ?? null };
    this.#forget(mac);
    this.#byMac.set(mac, sighting);
    if (sighting.address !== null) {
      // An address goes from one machine to the next: whoever was seen there last has it.
      const previous = this.#byAddress.get(sighting.address);
      if (previous !== undefined) this.#byMac.set(previous, { address: null, uuid: this.uuidOf(previous) });
      this.#byMac.set(mac, sighting);
      this.#byAddress.set(sighting.address, mac);
    }
    const [oldest] = this.#byMac.keys();
    if (this.#byMac.size > this.#machinesMax && oldest !== undefined) this.#forget(oldest);
  }

  macAt(address: Ipv4Address): MacAddress | null {
    return this.#byAddress.get(address) ?? null;
  }

  uuidOf(mac: MacAddress): SystemUuid | null {
    return this.#byMac.get(mac)?.uuid ?? null;
  }

  #forget(mac: MacAddress): void {
    const address = this.#byMac.get(mac)?.address;
    if (address != null) this.#byAddress.delete(address);
    this.#byMac.delete(mac);
  }
}
