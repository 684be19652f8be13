import type { CertificateSlots } from "../certificate-slots.js";
import type { Identity } from "../identity.js";
import type { Signer } from "./crypto.js";
import { maskOf, portableIdentity, type Slot } from "./identity.js";

const SLOTS = 8;

/** The keys that slots under one algorithm can be of, by the device's KeyPairIDs. */
export interface SlotKeys {
  /** Of those that there are now, at least one; first the one of the lowest slot. */
  readonly ids: readonly number[];
  signer(id: number): Signer;
  /** 0 for a key that is there no more. */
  idOf(signer: Signer): number;
  /** Has the slot be of this key, and of no other. */
  assign(signer: Signer, slot: number): void;
}

export interface PortableSlotsOptions {
  /** BaseAsymAlgo bit of the keys. */
  readonly algorithm: number;
  /** Those of `slots` among them, as the same objects. */
  readonly keys: SlotKeys;
  /** Bytes of certificates that a slot takes. */
  readonly capacity: number;
  /** Default: device and generic certificates. */
  readonly models?: readonly number[];
  /** Makes a change last, all or nothing, before it counts; `undefined` empties the slot. What it throws undoes the change. */
  readonly save?: (slot: number, content: Slot | undefined) => void;
  /** Whether changes count from `reset` on only. */
  readonly needsReset?: boolean;
}

/** An identity in memory whose slots can be changed. */
export interface ChangeableIdentity extends Identity {
  /** What a reset of the device does to it. */
  reset(): void;
}

/** `slots` by number; at least one is there. */
export function changeableIdentity(
  slots: ReadonlyMap<number, Slot>,
  options: PortableSlotsOptions,
): ChangeableIdentity {
  const { algorithm, keys, capacity, models = [1, 3], save = () => {}, needsReset = false } = options;
  const now = new Map(slots);
  const coming = new Map<number, Slot | undefined>();
  const { signatureLength } = keys.signer(keys.ids[0]);

  const change = (slot: number, content: Slot | undefined): boolean => {
    try {
      save(slot, content);
    } catch {
      return false;
    }
    coming.set(slot, content);
    if (!needsReset) reset();
    return true;
  };
  const reset = (): void => {
    for (const [slot, content] of coming) {
      if (content === undefined) now.delete(slot);
      // A key that was erased since takes its chain along.
      else if (keys.idOf(content.signer) !== 0) {
        now.set(slot, content);
        keys.assign(content.signer, slot);
      }
    }
    coming.clear();
  };
  const certificateSlots: CertificateSlots = {
    algorithm,
    publicKeyLength: signatureLength,
    signatureLength,
    get keyPairs() {
      return keys.ids;
    },
    supportedMask: (1 << SLOTS) - 1,
    get pendingMask() {
      return maskOf(coming.keys());
    },
    models,
    capacity: () => capacity,
    keyPairOf: (slot) => keys.idOf(now.get(slot)!.signer),
    publicKey: (id, into) => keys.signer(id).publicKey(into),
    sign: (id, digest, signature, terms) => keys.signer(id).sign(digest, signature, terms),
    install: (slot, chain, id, model) => change(slot, { chain: chain.slice(), model, signer: keys.signer(id) }),
    erase: (slot) => change(slot, undefined),
  };
  return Object.assign(portableIdentity(now), { certificateSlots, reset });
}
