/** Where the agent on an installed machine finds us, and how it knows that it is us. */
export interface AgentLinks {
  /** Each of its requests is a POST to `base/WHAT/TOKEN`. */
  readonly base: string;
  /** null: plain HTTP. */
  readonly trust: AgentTrust | null;
}

/** The key is what the agent goes by: neither names nor dates, since the machine's clock may be anywhere. */
export interface AgentTrust {
  /** SHA-256 of the certificate's public key (SubjectPublicKeyInfo) in base64, as curl and wget pin it. */
  readonly publicKeyPin: string;
  readonly certificatePem: string;
}
