import type { HostId } from "./host.ts";

/** Something to do to the world. Its outcome comes back as an event that names the same host. */
export type Effect = { readonly type: "start-join"; readonly host: HostId; readonly cluster: string };
