/** Sessions and mutual authentication as the PSA variant serves them, from what the board is provisioned with. */
import { flashRead, milliseconds } from "../../hal/ast1030/ast1030.js";
import { flashChain } from "../../hal/ast1030/chain.js";
import { flashPskStore } from "../../hal/ast1030/psk.js";
import * as psa from "../../hal/psa/psa.js";
import {
  AES_128_GCM,
  AES_256_GCM,
  CHACHA20_POLY1305,
  ECDSA_P256,
  ECDSA_P384,
  SECP256R1,
  SECP384R1,
  SECP521R1,
} from "../../src/algorithms.js";
import type { Exchange } from "../../src/exchange.js";
import { deliverEncapsulatedResponse, getEncapsulatedRequest } from "../../src/messages/encapsulated.js";
import { endSession } from "../../src/messages/end-session.js";
import { finish } from "../../src/messages/finish.js";
import { heartbeat } from "../../src/messages/heartbeat.js";
import { keyExchange } from "../../src/messages/key-exchange.js";
import { keyUpdate } from "../../src/messages/key-update.js";
import { pskExchange, pskExchangeWithoutContext } from "../../src/messages/psk-exchange.js";
import { pskFinish } from "../../src/messages/psk-finish.js";
import { mutualAuthentication, NO_MUT_AUTH } from "../../src/mutual-authentication.js";
import type { Options } from "../../src/responder.js";
import { pldm } from "../pldm.js";
import { HEARTBEAT_PERIOD, KEY_UPDATE_AFTER } from "./configuration.js";
import type { Provisioned } from "./firmware.js";

const KEY_EXCHANGES: readonly Exchange[] = Object.freeze([keyExchange, finish]);
const PSK_EXCHANGES: readonly Exchange[] = Object.freeze([pskExchange, pskFinish]);
const IN_SESSION: readonly Exchange[] = Object.freeze([
  heartbeat,
  keyUpdate,
  endSession,
  getEncapsulatedRequest,
  deliverEncapsulatedResponse,
]);

export function sessions(identity: Provisioned): Pick<Options, "exchanges" | "sessions" | "mutualAuthentication"> {
  const { credentials, psks, policy } = identity;
  const exchanges: Exchange[] = [];
  if (credentials.length > 0) exchanges.push(...KEY_EXCHANGES);
  if (psks.length > 0) exchanges.push(...(policy.pskWithoutContext ? [pskExchangeWithoutContext] : PSK_EXCHANGES));
  if (exchanges.length > 0) exchanges.push(...IN_SESSION);
  return {
    exchanges,
    sessions: {
      dhe: [
        { algorithm: SECP384R1, engine: psa.secp384r1 },
        { algorithm: SECP256R1, engine: psa.secp256r1 },
        { algorithm: SECP521R1, engine: psa.secp521r1 },
      ],
      aead: [
        { algorithm: AES_256_GCM, engine: psa.aes256Gcm },
        { algorithm: CHACHA20_POLY1305, engine: psa.chacha20Poly1305 },
        { algorithm: AES_128_GCM, engine: psa.aes128Gcm },
      ],
      psk: flashPskStore(psks),
      encrypts: !policy.macOnly,
      inTheClear: policy.inTheClear,
      heartbeatPeriod: HEARTBEAT_PERIOD,
      clock: milliseconds,
      keyUpdateAfter: KEY_UPDATE_AFTER,
      applications: [pldm],
    },
    ...mutual(identity),
  };
}

/** Nothing where nobody is asked to prove itself: MUT_AUTH_CAP would promise too much. */
function mutual({ requesterAnchors, requesterChains, policy }: Provisioned): Pick<Options, "mutualAuthentication"> {
  if (policy.requested === NO_MUT_AUTH && !policy.basic) return {};
  const anchors = requesterAnchors.map(({ offset, length }) => {
    const certificate = new Uint8Array(length);
    flashRead(offset, certificate);
    return certificate;
  });
  return {
    mutualAuthentication: mutualAuthentication({
      trust: {
        anchors,
        verifiers: [
          { algorithm: ECDSA_P384, engine: psa.p384 },
          { algorithm: ECDSA_P256, engine: psa.p256 },
        ],
        hashes: [psa.sha256, psa.sha384, psa.sha512],
      },
      requested: policy.requested,
      basic: policy.basic,
      mandatory: policy.requested !== NO_MUT_AUTH,
      provisioned: requesterChains.map(({ algorithm, chain }) => ({ algorithm, chains: flashChain(chain) })),
    }),
  };
}
