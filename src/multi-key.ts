/** Connections in which each slot has a key of its own (DSP0274 1.3, "Multiple asymmetric key support"). */
import type { Identity } from "../hal/identity.js";
import { CERT_CAP, GET_KEY_PAIR_INFO_CAP, MULTI_KEY_CAP_NEG, MULTI_KEY_CAP_ONLY } from "./capabilities.js";
import type { Connection, MultiKey } from "./connection.js";
import { NO_MODEL } from "./key-pairs.js";
import { type KeyInfo, writeDigests } from "./messages/digests.js";
import { certificateModel, type IdentifiedKeyPair, keyAlgorithm, keyPairBehind } from "./slot-keys.js";

const HEADER_LENGTH = 4;
/** KeyPairID, CertificateInfo and KeyUsageMask. */
const KEY_LENGTH = 4;
const SLOTS = 8;

/** @param capability `MULTI_KEY_CAP_ONLY` or `MULTI_KEY_CAP_NEG`; throws an Error if it is neither. */
export function multiKeyConnections(capability: number): MultiKey {
  if (capability !== MULTI_KEY_CAP_ONLY && capability !== MULTI_KEY_CAP_NEG) throw new Error("no such MULTI_KEY_CAP");
  return {
    requires({ keyPairs }, flags) {
      if (keyPairs === undefined || (flags & GET_KEY_PAIR_INFO_CAP) === 0 || (flags & CERT_CAP) === 0) {
        throw new Error("multi-key connections need GET_KEY_PAIR_INFO and certificates");
      }
      return capability;
    },
    serves: (c, slot, use) => ((keyPairOf(c, slot)?.pair.usage ?? 0) & use) !== 0,
    respondDigests(c, response, session) {
      const { chains, hash, identity } = c.negotiated!;
      const digests: Uint8Array[] = [];
      const keys: KeyInfo[] = [];
      let slotMask = 0;
      for (let slot = 0; slot < SLOTS; slot++) {
        const key = keyPairOf(c, slot);
        const hasChain = chains.has(slot);
        // A slot that has a key counts, with zeros for the digest, before it has a certificate.
        if (!hasChain && key === undefined) continue;
        slotMask |= 1 << slot;
        digests.push(hasChain ? chains.digest(slot) : new Uint8Array(hash.outputLen));
        keys.push({
          keyPairId: key?.id ?? 0,
          certificateInfo: hasChain ? certificateModel(identity, slot) : NO_MODEL,
          keyUsageMask: key?.pair.usage ?? 0,
        });
      }
      c.requireRoom(HEADER_LENGTH + digests.length * (hash.outputLen + KEY_LENGTH));
      const supportedSlotMask = slotMask | (identity.certificateSlots?.supportedMask ?? 0);
      writeDigests(response, { supportedSlotMask, slotMask, digests, keys }, c.version);
      // Only the first counts (DSP0274 1.3, "Transcript hash").
      if (session !== undefined || c.transcript.vcaAndDigests !== undefined) return;
      c.transcript.vcaAndDigests = c.transcript.fork();
      c.transcript.vcaAndDigests.update(response.written());
    },
  };
}

/** The key pair of a slot under the negotiated algorithm, or undefined if it has none. */
function keyPairOf(c: Connection, slot: number): IdentifiedKeyPair | undefined {
  const { baseAsym, pqcAsym = [], keyPairs } = c.options;
  const isSelected = ({ identity }: { readonly identity: Identity }) => identity === c.negotiated!.identity;
  const pqc = pqcAsym.find(isSelected);
  if (pqc !== undefined) return keyPairBehind(keyPairs!, 0, slot, pqc.algorithm);
  const selected = baseAsym.find(isSelected);
  const asym = selected === undefined ? 0 : keyAlgorithm(selected.algorithm);
  return asym === 0 ? undefined : keyPairBehind(keyPairs!, asym, slot);
}
