// What `doctor` uses of two packages that bring no types of their own, as far as it uses it.

declare module "dhcp/lib/protocol.js" {
  export interface NpmDhcpMessage {
    readonly op: number;
    readonly htype: number;
    readonly hlen: number;
    readonly hops: number;
    readonly xid: number;
    readonly secs: number;
    readonly flags: number;
    readonly ciaddr: string;
    readonly yiaddr: string;
    readonly siaddr: string;
    readonly giaddr: string;
    readonly chaddr: string;
    readonly sname: string;
    readonly file: string;
    readonly options: Readonly<Record<number, unknown>>;
  }
  const codec: {
    /** Throws on a datagram that ends too early. */
    parse(bytes: Buffer): NpmDhcpMessage;
    /** `_w`: how many octets of `_data` were written; the rest is zero. */
    format(message: NpmDhcpMessage): { readonly _data: Buffer; readonly _w: number };
  };
  export default codec;
}

declare module "dhcp/lib/options.js" {
  const table: {
    readonly opts: Readonly<Record<number, { readonly name: string; readonly type: string }>>;
    addOption(code: number, option: { readonly name: string; readonly type: string }): void;
  };
  export default table;
}

declare module "tftp" {
  import type { EventEmitter } from "node:events";

  /** Emits `data`, then `end`; or `error`; or `abort` after `abort()`. */
  export interface GetStream extends EventEmitter {
    abort(): void;
  }
  const tftp: {
    createClient(options: {
      readonly host: string;
      readonly port: number;
      readonly retries: number;
      /** Milliseconds. */
      readonly timeout: number;
    }): { createGetStream(remote: string): GetStream };
  };
  export default tftp;
}
