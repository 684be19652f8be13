import type { HashAlgorithm } from "../hal/crypto.js";

/** What the negotiated algorithms make of layouts: how long digests and signatures are. */
export interface Suite {
  /** BaseHashSel as an engine. */
  readonly hash: HashAlgorithm;
  /** Bytes of a responder's signature under BaseAsymSel. */
  readonly signatureLength: number;
}
