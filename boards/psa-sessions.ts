/** Sessions and mutual authentication as every firmware with PSA serves them, from what it is provisioned with. */
import type { Span } from "../certs/identity-image.js";
import { flashChain } from "../hal/chip/chain.js";
import { identityRead, milliseconds } from "../hal/chip/chip.js";
import { flashPskStore } from "../hal/chip/psk.js";
import * as psa from "../hal/psa/psa.js";
import { AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305, SECP256R1, SECP384R1, SECP521R1 } from "../src/algorithms.js";
import type { Configuration } from "./configuration.js";
import type { Provisioned, Sessions } from "./firmware.js";
import { pldm } from "./pldm.js";
import { pathEngines } from "./psa.js";
import { mutual, sessionExchanges } from "./sessions.js";

export function psaSessions({ heartbeatPeriod, keyUpdateAfter }: Configuration, identity: Provisioned): Sessions {
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
      heartbeatPeriod,
      clock: milliseconds,
      keyUpdateAfter,
      applications: [pldm],
    },
    ...mutual(policy, () => ({
      trust: { anchors: requesterAnchors.map(certificateAt), ...pathEngines },
      provisioned: requesterChains.map(({ algorithm, chain }) => ({ algorithm, chains: flashChain(chain) })),
    })),
  };
}

function certificateAt({ offset, length }: Span): Uint8Array {
  const certificate = new Uint8Array(length);
  identityRead(offset, certificate);
  return certificate;
}
