import type { Aead, Hash, KeyAgreement, KeyDecapsulation } from "../../hal/crypto.js";
import { ENCAP_CAP, HANDSHAKE_IN_THE_CLEAR_CAP, MUT_AUTH_CAP } from "../../src/capabilities.js";
import { FINISH, KEY_EXCHANGE } from "../../src/exchange.js";
import { HandshakeSecret } from "../../src/key-schedule.js";
import { readFinishResponse, SIGNATURE_INCLUDED, writeFinish } from "../../src/messages/finish.js";
import {
  type KeyExchange,
  type KeyExchangeResponse,
  RANDOM_LENGTH,
  readKeyExchangeResponse,
  writeKeyExchange,
} from "../../src/messages/key-exchange.js";
import {
  MUT_AUTH_REQUESTED,
  MUT_AUTH_WITH_ENCAP_REQUEST,
  MUT_AUTH_WITH_GET_DIGESTS,
  NO_MUT_AUTH,
} from "../../src/mutual-authentication.js";
import { NO_OPAQUE } from "../../src/opaque.js";
import type { Session } from "../../src/session.js";
import { FINISH_CONTEXT, KEY_EXCHANGE_RSP_CONTEXT, sign, verify } from "../../src/signing.js";
import type { LeafKey } from "./challenge.js";
import { type Conversation, decode, requireEnd } from "./conversation.js";
import type { Prover } from "./prover.js";
import {
  establish,
  newSessionId,
  type Opened,
  startSession,
  supportedVersions,
  takeProof,
  writeProof,
} from "./session-opening.js";
import { Untrusted } from "./verdict.js";

const NAME = "KEY_EXCHANGE_RSP";

/** A shared secret on its way, by a key pair whose public half is in the request. */
interface PendingSecret {
  /** ExchangeData of the request. */
  readonly exchangeData: Uint8Array;
  /** Bytes of ExchangeData in the response. */
  readonly answerLength: number;
  /** Bytes of the shared secret. */
  readonly length: number;
  /** Writes the secret; false, if the responder's `exchangeData` is none. */
  take(exchangeData: Uint8Array, secret: Uint8Array): boolean;
  destroy(): void;
}

/** By Diffie-Hellman. */
export function agreement(group: KeyAgreement): PendingSecret {
  const exchangeData = new Uint8Array(group.publicKeyLength);
  const key = group.generate(exchangeData);
  return {
    exchangeData,
    answerLength: group.publicKeyLength,
    length: group.sharedSecretLength,
    take: (peer, secret) => key.agree(peer, secret),
    destroy: () => key.destroy(),
  };
}

/** By a KEM, whose ciphertext is in the response. */
export function decapsulation(kem: KeyDecapsulation): PendingSecret {
  const exchangeData = new Uint8Array(kem.encapsulationKeyLength);
  const key = kem.generate(exchangeData);
  return {
    exchangeData,
    answerLength: kem.ciphertextLength,
    length: kem.sharedSecretLength,
    take: (ciphertext, secret) => key.decapsulate(ciphertext, secret),
    destroy: () => key.destroy(),
  };
}

export interface KeyExchangeOptions {
  readonly slot: number;
  /** Of the slot's chain. */
  readonly chainDigest: Uint8Array;
  readonly key: LeafKey;
  readonly summaryType: number;
  /** Destroyed behind the exchange. */
  readonly pending: PendingSecret;
  readonly aead: Aead;
}

/** KEY_EXCHANGE: a session, in whose handshake the responder has proved that it has the key to its leaf. */
export async function exchangeKeys(
  c: Conversation,
  options: KeyExchangeOptions,
): Promise<Opened & { slotParam: number }> {
  const { slot, summaryType, pending, aead } = options;
  const { hash } = c.suite!;
  const { exchangeData } = pending;
  const sharedSecret = new Uint8Array(pending.length);
  try {
    const requesterId = newSessionId(c);
    const randomData = c.random(RANDOM_LENGTH);
    const opaque = supportedVersions(c);
    const asked = { summaryType, slot, sessionId: requesterId, sessionPolicy: 0, randomData, exchangeData, opaque };
    const { answer, th, response } = await askKeyExchange(c, asked, options);
    if (!pending.take(answer.exchangeData, sharedSecret)) {
      throw new Untrusted(`${NAME}: ExchangeData is no public key of the group`);
    }
    const secret = HandshakeSecret.ofAgreement({ version: c.version, hash }, sharedSecret);
    const inTheClear = c.both(HANDSHAKE_IN_THE_CLEAR_CAP);
    const started = startSession(c, { name: NAME, answer, requesterId, usesPsk: false, inTheClear, aead, secret, th });
    if (!inTheClear) takeProof(NAME, response, started.session, hash);
    requireEnd(NAME, response);
    started.session.mutAuthRequested = answer.mutAuthRequested;
    return { ...started, summary: answer.summary, slotParam: answer.slotParam };
  } finally {
    pending.destroy();
    sharedSecret.fill(0);
  }
}

/** Sends KEY_EXCHANGE and verifies the signature of its response; TH has both then. */
async function askKeyExchange(c: Conversation, asked: KeyExchange, options: KeyExchangeOptions) {
  const { chainDigest, key, pending } = options;
  const suite = c.suite!;
  const { request, response } = await c.ask(KEY_EXCHANGE, (w) => writeKeyExchange(w, asked, c.version), true);
  const answer = decode(NAME, () => readKeyExchangeResponse(response, asked, suite, pending.answerLength));
  const th = c.transcript.fork();
  for (const part of [c.digests, chainDigest, request, response.consumed()]) th.update(part);
  const signature = decode(NAME, () => response.bytes(suite.signatureLength));
  const signing = { version: c.version, hash: suite.hash, context: KEY_EXCHANGE_RSP_CONTEXT };
  if (!verify(key.verifier, key.publicKey, signing, th.clone(), signature))
    throw new Untrusted(`${NAME}: signature is wrong`);
  th.update(signature);
  checkMutualAuthentication(c, answer);
  return { answer, th, response } satisfies { answer: KeyExchangeResponse; th: Hash; response: unknown };
}

function checkMutualAuthentication(c: Conversation, { mutAuthRequested }: KeyExchangeResponse): void {
  const withRequests =
    mutAuthRequested === MUT_AUTH_WITH_ENCAP_REQUEST || mutAuthRequested === MUT_AUTH_WITH_GET_DIGESTS;
  if (mutAuthRequested !== NO_MUT_AUTH && mutAuthRequested !== MUT_AUTH_REQUESTED && !withRequests) {
    throw new Untrusted(`${NAME}: MutAuthRequested ${mutAuthRequested} is none there is`);
  }
  const possible = c.both(MUT_AUTH_CAP) && (!withRequests || c.both(ENCAP_CAP));
  if (mutAuthRequested !== NO_MUT_AUTH && !possible) {
    throw new Untrusted(`${NAME}: asks for mutual authentication, which was not offered`);
  }
}

/** FINISH, signed by `prover` if KEY_EXCHANGE_RSP asked for it; the session is established then. */
export async function finish(c: Conversation, session: Session, prover: Prover | undefined): Promise<void> {
  const { version } = c;
  const { hash } = c.suite!;
  const { th } = session;
  const signs = session.mutAuthRequested !== NO_MUT_AUTH ? prover : undefined;
  const { response } = await c.ask(
    FINISH,
    (w) => {
      writeFinish(
        w,
        { attributes: signs ? SIGNATURE_INCLUDED : 0, slot: signs?.slot ?? 0, opaque: NO_OPAQUE },
        version,
      );
      if (signs !== undefined) th.update(signs.chainDigest);
      th.update(w.written());
      if (signs !== undefined) {
        const signature = w.view(signs.signatureLength);
        sign(signs.identity, signs.slot, { version, hash, context: FINISH_CONTEXT }, th.clone(), signature);
        th.update(signature);
      }
      writeProof(w, session, hash);
    },
    true,
  );
  decode("FINISH_RSP", () => readFinishResponse(response, version));
  th.update(response.consumed());
  if (session.inTheClear) takeProof("FINISH_RSP", response, session, hash);
  requireEnd("FINISH_RSP", response);
  establish(session, hash);
  signs?.proofs.push("FINISH");
}
