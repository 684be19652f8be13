import type { EphemeralKey, KeyAgreement } from "../hal/crypto.js";

/** A key pair of a key agreement, used once. */
export interface KeyPair {
  readonly key: EphemeralKey;
  readonly publicKey: Uint8Array;
}

/** One key pair made ahead, so that KEY_EXCHANGE does not wait for it. */
export class EphemeralKeys {
  #engine: KeyAgreement | undefined;
  #pair: KeyPair | undefined;

  /** Whether `prepare` would make a key pair. */
  lacks(engine: KeyAgreement): boolean {
    return this.#pair === undefined || this.#engine !== engine;
  }

  /** Has a key pair of `engine` ready. */
  prepare(engine: KeyAgreement): void {
    if (!this.lacks(engine)) return;
    this.#pair?.key.destroy();
    this.#pair = undefined;
    const publicKey = new Uint8Array(engine.publicKeyLength);
    this.#pair = { key: engine.generate(publicKey), publicKey };
    this.#engine = engine;
  }

  /** The key pair that was prepared, or a new one; the caller's to destroy. */
  take(engine: KeyAgreement): KeyPair {
    this.prepare(engine);
    const pair = this.#pair!;
    this.#pair = undefined;
    return pair;
  }
}
