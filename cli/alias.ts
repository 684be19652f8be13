/** What the responder in this process makes of device certificates when it starts: aliases that its measurements go into. */
import type { Credential, DeviceIdentity } from "../certs/identity-writer.js";
import type { Measurements } from "../hal/measurements.js";
import { type AliasKeys, p256Alias, p384Alias } from "../hal/portable/alias-key.js";
import { sha384 } from "../hal/portable/crypto.js";
import { ECDSA_P256, ECDSA_P384 } from "../src/algorithms.js";
import { issueAlias } from "../src/alias-certificate.js";
import { ALIAS_CERT, DEVICE_CERT } from "../src/key-pairs.js";
import { type TcbInfo, tcbInfoOf, writeTcbInfo } from "../src/tcb-info.js";
import { splitChain } from "./chain.js";

const MODEL = Buffer.from("moddable-spdm");
const KEYS: Readonly<Record<number, AliasKeys>> = { [ECDSA_P256]: p256Alias, [ECDSA_P384]: p384Alias };

export const isAlias = ({ model }: Credential): boolean => model === ALIAS_CERT;

/**
 * The device's credentials as they are served: chains of the alias model go on to the alias that comes of `measurements` as they are
 * now, and have its key; of the device's key nothing is kept. Throws an Error if there are device certificates beside
 * aliases, since CAPABILITIES can say but one (DSP0274 1.3 §10.4, ALIAS_CERT_CAP).
 */
export function withAliases(device: DeviceIdentity, measurements: Measurements): readonly Credential[] {
  const { credentials, pqcCredentials = [] } = device;
  if (!credentials.some(isAlias)) return credentials;
  if ([...credentials, ...pqcCredentials].some(({ model = DEVICE_CERT }) => model === DEVICE_CERT)) {
    throw new Error("the identity has both device certificates and those that aliases are issued by");
  }
  const tcbInfo = tcbInfoOf(measurements, sha384, MODEL);
  return credentials.map((credential) => (isAlias(credential) ? aliasOf(credential, tcbInfo) : credential));
}

/** The chain to the alias of firmware that is as `tcbInfo` says, and its key. The same comes of the same. */
export function aliasOf(credential: Credential, tcbInfo: TcbInfo): Credential {
  const { algorithm, chain, key } = credential;
  if (!Object.hasOwn(KEYS, algorithm)) throw new Error("aliases are on P-256 or P-384");
  const keys = KEYS[algorithm];
  const aliasKey = keys.derive(key, writeTcbInfo(tcbInfo));
  const leaf = issueAlias(
    {
      deviceCert: new Uint8Array(splitChain(chain).at(-1)!.raw),
      hash: keys.hash,
      sign: (digest) => keys.sign(key, digest),
    },
    { algorithm, publicKey: keys.publicKey(aliasKey), tcbInfo },
  );
  return { ...credential, chain: Buffer.concat([chain, leaf]), key: aliasKey };
}
