/**
 * An archive of the form `newc` (SVR4, without checksum; cpio(5)) that holds one file: what stands before and after
 * the file's octets. Linux unpacks such an archive behind the initrd proper into the same initramfs
 * (Documentation/driver-api/early-userspace/buffer-format.rst), provided that it begins at a multiple of four.
 */
export function cpioAround(name: string, sizeBytes: number): { readonly before: Buffer; readonly after: Buffer } {
  if (sizeBytes > CPIO_FILE_MAX) throw new RangeError(`${sizeBytes} octets do not fit a cpio archive`);
  const before = header({ name, sizeBytes, mode: 0o100_444 });
  const trailer = header({ name: "TRAILER!!!", sizeBytes: 0, mode: 0 });
  return { before, after: Buffer.concat([zeros(paddingTo(4, sizeBytes)), trailer]) };
}

/** The size stands in eight hexadecimal digits. */
export const CPIO_FILE_MAX = 0xff_ff_ff_ff;

/** Octets that are missing from `sizeBytes` to a multiple of `unit`. */
export function paddingTo(unit: number, sizeBytes: number): number {
  return (unit - (sizeBytes % unit)) % unit;
}

export function zeros(count: number): Buffer {
  return Buffer.alloc(count);
}

interface Member {
  readonly name: string;
  readonly sizeBytes: number;
  readonly mode: number;
}

/** ASCII; names end with NUL, and header and name together fill a multiple of four. */
function header({ name, sizeBytes, mode }: Member): Buffer {
  const inode = sizeBytes === 0 ? 0 : 1;
  const [uid, gid, modified, devMajor, devMinor, rdevMajor, rdevMinor, check] = [0, 0, 0, 0, 0, 0, 0, 0];
  const numbers = [inode, mode, uid, gid, 1, modified, sizeBytes, devMajor, devMinor, rdevMajor, rdevMinor];
  const fields = [...numbers, Buffer.byteLength(name) + 1, check].map((n) => n.toString(16).padStart(8, "0"));
  const text = Buffer.from(`070701${fields.join("")}${name}\0`, "latin1");
  return Buffer.concat([text, zeros(paddingTo(4, text.length))]);
}
