import type { DeviceClass } from "../../hal/endpoint-info.js";
import { ENCAP_CAP, EP_INFO_CAP, EP_INFO_CAP_SIG } from "../../src/capabilities.js";
import { NO_PENDING_REQUESTS, SpdmError } from "../../src/errors.js";
import { GET_ENDPOINT_INFO } from "../../src/exchange.js";
import {
  DEVICE_CLASS,
  NONCE_LENGTH,
  readDeviceClasses,
  readEndpointInfo,
  writeGetEndpointInfo,
} from "../../src/messages/endpoint-info.js";
import { ENDPOINT_INFO_CONTEXT, verify } from "../../src/signing.js";
import { V1_3 } from "../../src/versions.js";
import type { DeviceClassResult, OwnInfoResult } from "../device-report.js";
import type { LeafKey } from "./challenge.js";
import { type Conversation, decode, requireEnd } from "./conversation.js";
import { fetchRequestsIfAny } from "./encapsulated.js";
import { errorName, registryName, versionName } from "./names.js";
import type { Prover } from "./prover.js";
import { Impossible, Untrusted } from "./verdict.js";

const NAME = "ENDPOINT_INFO";
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** What class of device the responder says it is, signed if it signs that. */
export async function askDeviceClass(c: Conversation, slot: number, key: LeafKey): Promise<DeviceClassResult> {
  if (c.version < V1_3) throw new Impossible(`SPDM ${versionName(c.version)} has no ENDPOINT_INFO`);
  if ((c.flags & EP_INFO_CAP) === 0) throw new Impossible("the responder has no ENDPOINT_INFO");
  const signed = (c.flags & EP_INFO_CAP) === EP_INFO_CAP_SIG;
  const nonce = signed ? c.random(NONCE_LENGTH) : undefined;
  const asked = { subCode: DEVICE_CLASS, slot: signed ? slot : 0, nonce };
  const { request, response } = await c.ask(GET_ENDPOINT_INFO, (w) => writeGetEndpointInfo(w, asked), true);
  const answer = decode(NAME, () => readEndpointInfo(response, signed));
  if (answer.slot !== asked.slot) throw new Untrusted(`${NAME}: answers for another slot`);
  if (signed) {
    const { hash, signatureLength } = c.suite!;
    const il1 = c.transcript.fork();
    il1.update(request);
    il1.update(response.consumed());
    const signature = decode(NAME, () => response.bytes(signatureLength));
    const signing = { version: c.version, hash, context: ENDPOINT_INFO_CONTEXT };
    if (!verify(key.verifier, key.publicKey, signing, il1, signature))
      throw new Untrusted(`${NAME}: signature is wrong`);
  }
  requireEnd(NAME, response);
  const identifiers = decode(NAME, () => readDeviceClasses(answer.info));
  return { signed, identifiers: identifiersOf(identifiers) };
}

/** Classes as reports have them. */
export const identifiersOf = (classes: readonly DeviceClass[]): DeviceClassResult["identifiers"] =>
  classes.map(({ standardId, vendorId, subordinateIds }) => ({
    registry: registryName(standardId),
    vendorId: hex(vendorId),
    subordinateIds: subordinateIds.map(hex),
  }));

/** Fetches the responder's requests once, in case that it wants to know what we are. */
export async function tellDeviceClass(c: Conversation, prover: Prover | undefined): Promise<OwnInfoResult> {
  if (c.version < V1_3) throw new Impossible(`SPDM ${versionName(c.version)} has no ENDPOINT_INFO`);
  if (!c.both(ENCAP_CAP)) return { asked: false, signed: false };
  const answers = await fetchRequestsIfAny(c, prover);
  if (answers instanceof SpdmError && answers.code !== NO_PENDING_REQUESTS)
    throw new Impossible(`the responder refused GET_ENCAPSULATED_REQUEST: ${errorName(answers.code)}`);
  const told = answers instanceof SpdmError ? undefined : answers.endpointInfo;
  return { asked: told !== undefined, signed: told?.signed ?? false };
}
