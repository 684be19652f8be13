import type { CertificateSlots } from "../certificate-slots.js";
import type { Identity } from "../identity.js";
import type { Signer } from "./crypto.js";
import { maskOf, portableIdentity, type Slot } from "./identity.js";

const SLOTS = 8;

export interface PortableSlotsOptions {
  /** BaseAsymAlgo bit of the keys. */
  readonly algorithm: number;
  /** Bytes of certificates that a slot takes. */
  readonly capacity: number;
  /** Default: device and generic certificates. */
  readonly models?: readonly number[];
  /** Makes a change last, all or nothing, before it counts; `undefined` empties the slot. What it throws undoes the change. */
  readonly save?: (slot: number, content: Slot | undefined) => void;
  /** Whether changes count from `reset` on only. */
  readonly needsReset?: boolean;
}

/** An identity in memory whose slots can be changed; its key pairs are those it begins with, slot by slot. */
export interface ChangeableIdentity extends Identity {
  /** What a reset of the device does to it. */
  reset(): void;
}

/** `slots` by number; at least one is there. */
export function changeableIdentity(
  slots: ReadonlyMap<number, Slot>,
  options: PortableSlotsOptions,
): ChangeableIdentity {
  const { algorithm, capacity, models = [1, 3], save = () => {}, needsReset = false } = options;
  const now = new Map(slots);
  const coming = new Map<number, Slot | undefined>();
  const signers = distinct([...slots].sort(([a], [b]) => a - b).map(([, { signer }]) => signer));
  const { length } = publicKeyOf(signers[0]);

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
      else now.set(slot, content);
    }
    coming.clear();
  };
  const certificateSlots: CertificateSlots = {
    algorithm,
    publicKeyLength: length,
    signatureLength: signers[0].signatureLength,
    keyPairs: signers.map((_, i) => i + 1),
    supportedMask: (1 << SLOTS) - 1,
    get pendingMask() {
      return maskOf(coming.keys());
    },
    models,
    capacity: () => capacity,
    keyPairOf: (slot) => 1 + signers.findIndex((signer) => sameKey(signer, now.get(slot)!.signer)),
    publicKey: (id, into) => signers[id - 1].publicKey(into),
    sign: (id, digest, signature, terms) => signers[id - 1].sign(digest, signature, terms),
    install: (slot, chain, id, model) => change(slot, { chain: chain.slice(), model, signer: signers[id - 1] }),
    erase: (slot) => change(slot, undefined),
  };
  return Object.assign(portableIdentity(now), { certificateSlots, reset });
}

function publicKeyOf(signer: Signer): Uint8Array {
  const publicKey = new Uint8Array(signer.signatureLength);
  signer.publicKey(publicKey);
  return publicKey;
}

const sameKey = (a: Signer, b: Signer): boolean => a === b || publicKeyOf(a).join() === publicKeyOf(b).join();

/** Slots may share a key. */
function distinct(signers: readonly Signer[]): Signer[] {
  const list: Signer[] = [];
  for (const signer of signers) if (!list.some((each) => sameKey(each, signer))) list.push(signer);
  return list;
}
