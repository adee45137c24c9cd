import { err, ok, type Result } from "../std/result.ts";
import type { JsonAnswer, SendJson } from "./json-request.ts";
import type { ReadyNode } from "./ready-node.ts";
import type { Registered, Registrar, RegistrationFailure } from "./registrar.ts";

export interface NetBoxSettings {
  readonly name: string;
  /** Of the NetBox itself: `https://netbox.example/`. */
  readonly url: URL;
  readonly token: string;
  /** Slugs; all of them must exist in NetBox. */
  readonly site: string;
  readonly role: string;
  readonly deviceType: string;
  /** What differs for hosts of a server type, by its name. */
  readonly serverTypes: Readonly<Record<string, { readonly role?: string; readonly deviceType?: string }>>;
}

type Outcome<T> = Result<T, RegistrationFailure>;

/**
 * Enters each node as a device with one interface and its address, which becomes the primary one. What is there already
 * is found (by serial number, else by name and site) and brought up to date, so a second time changes nothing.
 * NetBox 4 (netboxlabs.com/docs, REST API): paths end with a slash, or a redirect loses the body.
 */
export function netBox(settings: NetBoxSettings, send: SendJson): Registrar {
  return {
    name: settings.name,
    async register(node, signal) {
      return new Entry(settings, send, node, signal).write();
    },
  };
}

/** One node on its way into NetBox. */
class Entry {
  readonly #settings: NetBoxSettings;
  readonly #send: SendJson;
  readonly #node: ReadyNode;
  readonly #signal: AbortSignal;

  constructor(settings: NetBoxSettings, send: SendJson, node: ReadyNode, signal: AbortSignal) {
    this.#settings = settings;
    this.#send = send;
    this.#node = node;
    this.#signal = signal;
  }

  async write(): Promise<Outcome<Registered>> {
    const device = await this.#device();
    if (!device.ok) return device;
    const nic = await this.#interface(device.value.id);
    if (!nic.ok) return nic;
    const mac = await this.#mac(nic.value);
    if (!mac.ok) return mac;
    const address = await this.#address(nic.value);
    if (!address.ok) return address;
    const primary = await this.#ask("PATCH", `dcim/devices/${device.value.id}/`, { primary_ip4: address.value });
    if (!primary.ok) return primary;
    const words = device.value.isNew ? "entered" : "updated";
    return ok({ what: `${words} device ${device.value.id} in ${this.#settings.url.host}` });
  }

  async #device(): Promise<Outcome<{ readonly id: number; readonly isNew: boolean }>> {
    const { hostname, serial, serverType } = this.#node;
    const own = serverType === null ? undefined : this.#settings.serverTypes[serverType];
    const body = {
      name: hostname,
      status: "active",
      ...(serial === null ? {} : { serial }),
    };
    const found = await this.#findDevice();
    if (!found.ok) return found;
    if (found.value !== null) {
      const updated = await this.#ask("PATCH", `dcim/devices/${found.value}/`, body);
      return updated.ok ? ok({ id: found.value, isNew: false }) : updated;
    }
    const made = await this.#create("dcim/devices/", {
      ...body,
      site: { slug: this.#settings.site },
      role: { slug: own?.role ?? this.#settings.role },
      device_type: { slug: own?.deviceType ?? this.#settings.deviceType },
    });
    return made.ok ? ok({ id: made.value, isNew: true }) : made;
  }

  /** null: NetBox does not know it. Two that fit are nobody's: a person has to say which. */
  async #findDevice(): Promise<Outcome<number | null>> {
    const { serial, hostname } = this.#node;
    if (serial !== null && serial !== "") {
      const bySerial = await this.#only("dcim/devices/", { serial });
      if (!bySerial.ok || bySerial.value !== null) return bySerial;
    }
    return this.#only("dcim/devices/", { name: hostname, site: this.#settings.site });
  }

  async #interface(device: number): Promise<Outcome<number>> {
    const { nics, bootMac } = this.#node;
    const name = nics.find(({ mac }) => mac === bootMac)?.name ?? "boot";
    const found = await this.#only("dcim/interfaces/", { device_id: String(device), name });
    if (!found.ok) return found;
    return found.value === null ? this.#create("dcim/interfaces/", { device, name, type: "other" }) : ok(found.value);
  }

  /** Since NetBox 4.2 an object of its own; before, the path is not there, and the address goes unrecorded. */
  async #mac(nic: number): Promise<Outcome<null>> {
    const mac = this.#node.bootMac.toUpperCase();
    const found = await this.#only("dcim/mac-addresses/", { mac_address: mac, interface_id: String(nic) });
    if (!found.ok) return found.error.message.includes("found 404") ? ok(null) : found;
    let id = found.value;
    if (id === null) {
      const assigned = { assigned_object_type: "dcim.interface", assigned_object_id: nic };
      const made = await this.#create("dcim/mac-addresses/", { mac_address: mac, ...assigned });
      if (!made.ok) return made;
      id = made.value;
    }
    const primary = await this.#ask("PATCH", `dcim/interfaces/${nic}/`, { primary_mac_address: id });
    return primary.ok ? ok(null) : primary;
  }

  async #address(nic: number): Promise<Outcome<number>> {
    const address = `${this.#node.address}/${this.#node.prefixLength}`;
    const assigned = { assigned_object_type: "dcim.interface", assigned_object_id: nic, status: "active" };
    const found = await this.#only("ipam/ip-addresses/", { address });
    if (!found.ok) return found;
    const dns_name = `${this.#node.hostname}.${this.#node.domain}`;
    if (found.value === null) return this.#create("ipam/ip-addresses/", { address, dns_name, ...assigned });
    const moved = await this.#ask("PATCH", `ipam/ip-addresses/${found.value}/`, { dns_name, ...assigned });
    return moved.ok ? ok(found.value) : moved;
  }

  async #create(path: string, body: object): Promise<Outcome<number>> {
    const made = await this.#ask("POST", path, body);
    if (!made.ok) return made;
    const id = numberAt(made.value.json, "id");
    return id === null
      ? err({ message: `expected an object with an id from ${path}, found none`, isFinal: true })
      : ok(id);
  }

  /** The id of the only object that fits; null: none does. */
  async #only(path: string, query: Readonly<Record<string, string>>): Promise<Outcome<number | null>> {
    const answer = await this.#ask("GET", `${path}?${new URLSearchParams(query)}`);
    if (!answer.ok) return answer;
    const { json } = answer.value;
    const results = typeof json === "object" && json !== null && "results" in json ? json.results : null;
    if (!Array.isArray(results)) {
      return err({ message: `expected a list from ${path}, found something else: is this a NetBox?`, isFinal: true });
    }
    if (results.length === 0) return ok(null);
    const said = Object.values(query).join(", ");
    if (results.length > 1) {
      return err({ message: `${path} has ${results.length} that fit ${said}: remove what is wrong`, isFinal: true });
    }
    return ok(numberAt(results[0], "id"));
  }

  async #ask(method: "GET" | "POST" | "PATCH", path: string, body?: object): Promise<Outcome<JsonAnswer>> {
    const { url, token } = this.#settings;
    const answer = await this.#send({
      method,
      url: new URL(`api/${path}`, url),
      // Tokens of the second kind begin with nbt_ and are bearers.
      headers: { Authorization: token.startsWith("nbt_") ? `Bearer ${token}` : `Token ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: this.#signal,
    });
    if (!answer.ok) return err({ message: `${url.host}: ${answer.error}`, isFinal: false });
    const { status, text } = answer.value;
    if (status >= 200 && status < 300) return answer;
    const where = `${method} ${path.replace(/\?.*/, "")}`;
    const why = status === 401 || status === 403 ? "is the token right, and may it write?" : text.slice(0, 300);
    const message = `expected a status of 200 to 299 for ${where}, found ${status}: ${why}`;
    return err({ message, isFinal: status >= 300 && status < 500 && status !== 408 && status !== 429 });
  }
}

function numberAt(value: unknown, key: string): number | null {
  if (typeof value !== "object" || value === null) return null;
  const found = (value as Readonly<Record<string, unknown>>)[key];
  return typeof found === "number" ? found : null;
}
