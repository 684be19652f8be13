import { ALIAS_CERT_CAP, LARGE_RESP_CAP } from "../../src/capabilities.js";
import { GET_CERTIFICATE, GET_DIGESTS } from "../../src/exchange.js";
import { ALIAS_CERT, GENERIC_CERT, NO_MODEL, SPDM_USES } from "../../src/key-pairs.js";
import { readCertificate, writeGetCertificate } from "../../src/messages/certificate.js";
import { type Digests, type KeyInfo, readDigests, writeGetDigests } from "../../src/messages/digests.js";
import { V1_4 } from "../../src/versions.js";
import { Reader } from "../../src/wire.js";
import { type Conversation, decode } from "./conversation.js";
import { Impossible, Untrusted } from "./verdict.js";

/** CertModel in CertificateInfo. */
const MODEL = 0x07;
const headerLength = (large: boolean): number => (large ? 16 : 8);
/** What Offset can reach outside 1.4's large form. */
const CHAIN_LENGTH_MAX = 0xffff;
/** Of the large form we take what any chain needs: tens of certificates, each with the longest signature there is. */
const LARGE_CHAIN_LENGTH_MAX = 0x100000;

/** A certificate chain as its slot gave it. */
export interface SlotChain {
  /** Of the whole, header included: what DIGESTS and CHALLENGE_AUTH show. */
  readonly digest: Uint8Array;
  readonly rootHash: Uint8Array;
  /** DER, root first, one behind the other. */
  readonly certificates: Uint8Array;
}

/** GET_DIGESTS. */
export async function askAllDigests(c: Conversation): Promise<Digests> {
  const { request, response } = await c.ask(GET_DIGESTS, writeGetDigests, true);
  const digests = decode("DIGESTS", () => readDigests(response, c.version, c.suite!, c.multiKey));
  c.transcript.resetM1();
  c.transcript.addM1(request, response.consumed());
  // Only the first out of sessions is part of TH.
  if (c.multiKey && c.session === undefined && c.digests.length === 0) c.digests = response.consumed();
  checkKeys(digests);
  return digests;
}

/** GET_DIGESTS; throws Impossible if `slot` is empty. */
export async function askDigests(c: Conversation, slot: number): Promise<Digests> {
  const digests = await askAllDigests(c);
  const model = (keyOf(digests, slot)?.certificateInfo ?? GENERIC_CERT) & MODEL;
  if ((digests.slotMask & (1 << slot)) === 0 || model === NO_MODEL) {
    throw new Impossible(`slot ${slot} holds no certificate chain`);
  }
  return digests;
}

/** Where among the digests those of `slot` are, which has some. */
export const placeOf = ({ slotMask }: Digests, slot: number): number =>
  [...Array(slot).keys()].filter((lower) => (slotMask & (1 << lower)) !== 0).length;

/** Of a slot that DIGESTS have; undefined where they show no keys. */
const keyOf = (digests: Digests, slot: number): KeyInfo | undefined => digests.keys?.[placeOf(digests, slot)];

/** Whether the slot's chain leads to an alias: as DIGESTS say of the slot, or else CAPABILITIES of all. */
export const isAlias = (c: Conversation, digests: Digests, slot: number): boolean => {
  const key = keyOf(digests, slot);
  return key === undefined ? (c.flags & ALIAS_CERT_CAP) !== 0 : (key.certificateInfo & MODEL) === ALIAS_CERT;
};

/** Throws Untrusted for keys that DSP0274 does not allow: slot 0 is for SPDM, and no certificate has no digest. */
function checkKeys({ slotMask, digests, keys = [] }: Digests): void {
  for (const [i, { keyPairId, certificateInfo, keyUsageMask }] of keys.entries()) {
    const model = certificateInfo & MODEL;
    const isSlot0 = i === 0 && (slotMask & 1) !== 0;
    const fits =
      model <= GENERIC_CERT &&
      (keyPairId !== 0 || model !== NO_MODEL) &&
      (model !== NO_MODEL || digests[i].every((byte) => byte === 0)) &&
      !(isSlot0 && (model === GENERIC_CERT || (keyUsageMask & SPDM_USES) === 0));
    if (!fits) throw new Untrusted("DIGESTS: a slot's key does not fit the slot");
  }
}

/** Throws Impossible if DIGESTS say that the slot's key is not for `use`. */
export function requireUse(digests: Digests, slot: number, use: number, name: string): void {
  const key = keyOf(digests, slot);
  if (key !== undefined && (key.keyUsageMask & use) === 0)
    throw new Impossible(`slot ${slot}'s key is not for ${name}`);
}

/** GET_CERTIFICATE until the whole chain is here, and compares it with its digest. */
export async function askChain(c: Conversation, slot: number, digests: Digests): Promise<SlotChain> {
  const info = keyOf(digests, slot)?.certificateInfo ?? 0;
  const chain = await readChain(c, slot, info & MODEL);
  const { hash } = c.suite!;
  const running = hash.create();
  running.update(chain);
  const digest = new Uint8Array(hash.outputLen);
  running.digestInto(digest);
  if (!Buffer.from(digest).equals(digests.digests[placeOf(digests, slot)])) {
    throw new Untrusted(`certificate chain of slot ${slot}: does not match its digest`);
  }
  return decode("certificate chain", () => {
    const r = new Reader(chain);
    if (r.u32() !== chain.length) throw new Untrusted("certificate chain: Length is wrong");
    const rootHash = r.bytes(hash.outputLen);
    return { digest, rootHash, certificates: r.bytes(r.remaining) };
  });
}

async function readChain(c: Conversation, slot: number, model: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const large = c.version >= V1_4 && c.both(LARGE_RESP_CAP);
  const longest = large ? LARGE_CHAIN_LENGTH_MAX : CHAIN_LENGTH_MAX;
  let offset = 0;
  let total: number | undefined;
  do {
    const asked = {
      slot,
      slotSizeRequested: false,
      large,
      offset,
      // 1.0 and 1.1 have no DataTransferSize by which the responder could know what we can take.
      length: Math.min(total === undefined ? longest : total - offset, c.responseRoom - headerLength(large)),
    };
    const { request, response } = await c.ask(GET_CERTIFICATE, (w) => writeGetCertificate(w, asked));
    const answer = decode("CERTIFICATE", () => readCertificate(response, c.version));
    c.transcript.addM1(request, response.consumed());
    const { portion, remainderLength } = answer;
    total ??= portion.length + remainderLength;
    if (total > longest) throw new Untrusted(`CERTIFICATE: chain of ${total} bytes`);
    const fits =
      portion.length > 0 && portion.length <= asked.length && offset + portion.length + remainderLength === total;
    if (answer.slot !== slot || answer.large !== large || !fits) {
      throw new Untrusted("CERTIFICATE: portion does not fit what was asked for");
    }
    if ((answer.certificateInfo & MODEL) !== model) {
      throw new Untrusted("CERTIFICATE: CertificateInfo is not what DIGESTS said");
    }
    parts.push(portion);
    offset += portion.length;
  } while (offset < total);
  return Buffer.concat(parts);
}
