import ssh2 from "ssh2";

/** A key pair that lives as long as one rebuild. */
export interface EphemeralKey {
  /** A line of `authorized_keys`, without its end. */
  readonly publicKey: string;
  /** In OpenSSH's own format. Never logged, never in the state, never sent anywhere. */
  readonly privateKey: string;
}

/** `comment` tells people who look into `authorized_keys` whose it is. */
export function newEphemeralKey(comment: string): EphemeralKey {
  for (;;) {
    const { public: publicKey, private: privateKey } = ssh2.utils.generateKeyPairSync("ed25519", { comment });
    if (isSound(publicKey, privateKey)) return { publicKey: publicKey.trim(), privateKey };
  }
}

/** ssh2 1.17 cuts a leading zero now and then: one pair in some hundred cannot be read, or signs what nobody accepts. */
function isSound(publicKey: string, privateKey: string): boolean {
  const own = ssh2.utils.parseKey(privateKey);
  const told = ssh2.utils.parseKey(publicKey);
  if (own instanceof Error || told instanceof Error) return false;
  const probe = Buffer.from("bootqueue");
  const signature: unknown = own.sign(probe);
  return Buffer.isBuffer(signature) && told.verify(probe, signature) === true;
}
