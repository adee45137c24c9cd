import type { ServerType } from "../../src/profiles/server-type.ts";

/** A server type that says nothing but its name, with changes. */
export function serverType(name: string, changes: Partial<ServerType> = {}): ServerType {
  return {
    name,
    displayName: null,
    gpu: "",
    file: "bootqueue.toml",
    path: `server_type[0]`,
    products: [],
    macPrefixes: [],
    hardware: { bootDisk: null, managementNic: null },
    settings: {},
    ...changes,
  };
}
