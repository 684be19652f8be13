/** Sessions and mutual authentication as the PSA variant serves them, from what the board is provisioned with. */
import type { Span } from "../../certs/identity-image.js";
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
import type { Options } from "../../src/responder.js";
import { pldm } from "../pldm.js";
import { mutual, sessionExchanges } from "../sessions.js";
import { HEARTBEAT_PERIOD, KEY_UPDATE_AFTER } from "./configuration.js";
import type { Provisioned } from "./firmware.js";

export function sessions(identity: Provisioned): Pick<Options, "exchanges" | "sessions" | "mutualAuthentication"> {
  const { credentials, psks, requesterAnchors, requesterChains, policy } = identity;
  return {
    exchanges: sessionExchanges(credentials.length > 0, psks.length > 0, policy),
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
    ...mutual(policy, () => ({
      trust: {
        anchors: requesterAnchors.map(certificateAt),
        verifiers: [
          { algorithm: ECDSA_P384, engine: psa.p384 },
          { algorithm: ECDSA_P256, engine: psa.p256 },
        ],
        hashes: [psa.sha256, psa.sha384, psa.sha512],
      },
      provisioned: requesterChains.map(({ algorithm, chain }) => ({ algorithm, chains: flashChain(chain) })),
    })),
  };
}

function certificateAt({ offset, length }: Span): Uint8Array {
  const certificate = new Uint8Array(length);
  flashRead(offset, certificate);
  return certificate;
}
