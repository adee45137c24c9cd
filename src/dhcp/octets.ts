/** The number in `size` octets from `offset` on, the highest first, as everything in DHCP. What is not there counts as 0. */
export function numberAt(octets: Uint8Array, offset: number, size: number): number {
  let value = 0;
  for (let at = offset; at < offset + size; at++) value = value * 256 + (octets[at] ?? 0);
  return value;
}
