/**
 * The descriptors that systemd opened for this process, by their `FileDescriptorName=` (sd_listen_fds(3)).
 * Empty: started by hand, or they were meant for another process. `env`: of the process; `pid`: its own.
 * Throws when two have the same name: then nobody can tell which is which.
 */
export function socketsFromSystemd(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): ReadonlyMap<string, number> {
  const sockets = new Map<string, number>();
  const count = Number(env.LISTEN_FDS ?? "0");
  // A shell that was socket-activated hands its environment on to everything it starts.
  if (env.LISTEN_PID !== String(pid) || !Number.isInteger(count)) return sockets;
  const names = env.LISTEN_FDNAMES?.split(":") ?? [];
  for (let n = 0; n < count; n++) {
    const name = names[n] ?? "unknown";
    if (sockets.has(name)) {
      throw new Error(`systemd passed two sockets called "${name}"; give each socket unit its own FileDescriptorName=`);
    }
    sockets.set(name, FIRST_DESCRIPTOR + n);
  }
  return sockets;
}

/** SD_LISTEN_FDS_START: standard input, output and error come before. */
const FIRST_DESCRIPTOR = 3;
