import { GET_CERTIFICATE, GET_DIGESTS } from "../../src/exchange.js";
import { readCertificate, writeGetCertificate } from "../../src/messages/certificate.js";
import { type Digests, readDigests, writeGetDigests } from "../../src/messages/digests.js";
import { Reader } from "../../src/wire.js";
import { type Conversation, DATA_TRANSFER_SIZE, decode } from "./conversation.js";
import { Impossible, Untrusted } from "./verdict.js";

const HEADER_LENGTH = 8;
/** What Offset can reach outside 1.4's large form, which is not asked for. */
const CHAIN_LENGTH_MAX = 0xffff;

/** A certificate chain as its slot gave it. */
export interface SlotChain {
  /** Of the whole, header included: what DIGESTS and CHALLENGE_AUTH show. */
  readonly digest: Uint8Array;
  readonly rootHash: Uint8Array;
  /** DER, root first, one behind the other. */
  readonly certificates: Uint8Array;
}

/** GET_DIGESTS; throws Impossible if `slot` is empty. */
export async function askDigests(c: Conversation, slot: number): Promise<Digests> {
  const digests = await askAllDigests(c);
  if ((digests.slotMask & (1 << slot)) === 0) throw new Impossible(`slot ${slot} holds no certificate chain`);
  return digests;
}

/** Where among `digests` those of `slot` are, which holds a chain. */
export const placeOf = (slot: number, { slotMask }: Digests): number =>
  [...Array(slot).keys()].filter((lower) => (slotMask & (1 << lower)) !== 0).length;

/** GET_DIGESTS. */
export async function askAllDigests(c: Conversation): Promise<Digests> {
  const { request, response } = await c.ask(GET_DIGESTS, writeGetDigests, true);
  const digests = decode("DIGESTS", () => readDigests(response, c.version, c.suite!, c.multiKey));
  c.transcript.resetM1();
  c.transcript.addM1(request, response.consumed());
  if (c.multiKey) c.digests = response.consumed();
  return digests;
}

/** GET_CERTIFICATE until the whole chain is here, and compares it with its digest. */
export async function askChain(c: Conversation, slot: number, digests: Digests): Promise<SlotChain> {
  const chain = await readChain(c, slot);
  const { hash } = c.suite!;
  const running = hash.create();
  running.update(chain);
  const digest = new Uint8Array(hash.outputLen);
  running.digestInto(digest);
  if (!Buffer.from(digest).equals(digests.digests[placeOf(slot, digests)])) {
    throw new Untrusted(`certificate chain of slot ${slot}: does not match its digest`);
  }
  return decode("certificate chain", () => {
    const r = new Reader(chain);
    if (r.u32() !== chain.length) throw new Untrusted("certificate chain: Length is wrong");
    const rootHash = r.bytes(hash.outputLen);
    return { digest, rootHash, certificates: r.bytes(r.remaining) };
  });
}

async function readChain(c: Conversation, slot: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let offset = 0;
  let total: number | undefined;
  do {
    const asked = {
      slot,
      slotSizeRequested: false,
      large: false,
      offset,
      // 1.0 and 1.1 have no DataTransferSize by which the responder could know what we can take.
      length: Math.min(total === undefined ? 0xffff : total - offset, DATA_TRANSFER_SIZE - HEADER_LENGTH),
    };
    const { request, response } = await c.ask(GET_CERTIFICATE, (w) => writeGetCertificate(w, asked));
    const answer = decode("CERTIFICATE", () => readCertificate(response, c.version));
    c.transcript.addM1(request, response.consumed());
    const { portion, remainderLength } = answer;
    total ??= portion.length + remainderLength;
    if (total > CHAIN_LENGTH_MAX) throw new Untrusted(`CERTIFICATE: chain of ${total} bytes`);
    const fits =
      portion.length > 0 && portion.length <= asked.length && offset + portion.length + remainderLength === total;
    if (answer.slot !== slot || answer.large || !fits) {
      throw new Untrusted("CERTIFICATE: portion does not fit what was asked for");
    }
    parts.push(portion);
    offset += portion.length;
  } while (offset < total);
  return Buffer.concat(parts);
}
