import { createSocket } from "node:dgram";
import { once } from "node:events";

/**
 * Loopback addresses that no other test has while this process lives: `127.94.17.1` for 1, up to 253. The last one of
 * them is claimed with a socket.
 */
export async function ownLoopback(): Promise<(n: number) => string> {
  for (;;) {
    const network = `127.94.${Math.floor(Math.random() * 256)}`;
    const claim = createSocket("udp4");
    claim.bind(CLAIM_PORT, `${network}.254`);
    const isOurs = await once(claim, "listening").then(
      () => true,
      (cause: NodeJS.ErrnoException) => {
        if (cause.code !== "EADDRINUSE") throw cause;
        return false;
      },
    );
    // It is held to the end of the process, which it must not put off.
    claim.unref();
    if (isOurs) return (n) => `${network}.${n}`;
  }
}

const CLAIM_PORT = 40_094;
