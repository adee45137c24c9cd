/** Why a socket could not be opened, with what to do about it, where that is known. `cause`: as Node throws it. */
export function socketFailure(protocol: "UDP" | "TCP", address: string, port: number, cause: Error): string {
  const hint = HINTS[(cause as NodeJS.ErrnoException).code ?? ""];
  return `cannot open ${protocol} ${address}:${port}: ${cause.message}${hint === undefined ? "" : `; ${hint(protocol, port)}`}`;
}

const HINTS: Readonly<Record<string, (protocol: "UDP" | "TCP", port: number) => string>> = {
  EADDRINUSE: (protocol, port) =>
    `another program has this port, and \`ss --listening --${protocol.toLowerCase()} --numeric --processes 'sport = :${port}'\` shows which: stop it`,
  EACCES: () => "only root may open it: start bootqueue by its systemd units, which open it",
  EADDRNOTAVAIL: () =>
    "this host does not have that address: correct the configuration, or wait until the network is up",
};
