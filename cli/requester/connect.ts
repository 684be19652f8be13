import * as caps from "../../src/capabilities.js";
import { GET_CAPABILITIES, GET_VERSION } from "../../src/exchange.js";
import type { NegotiateAlgorithms } from "../../src/messages/algorithms.js";
import {
  ALGORITHMS_BLOCK,
  type Capabilities,
  readCapabilities,
  writeGetCapabilities,
} from "../../src/messages/capabilities.js";
import { readVersion, versionOf, writeGetVersion } from "../../src/messages/version.js";
import { V1_1, V1_2, V1_3, V1_4, VERSIONS } from "../../src/versions.js";
import { type Conversation, decode, MAX_SPDM_MSG_SIZE } from "./conversation.js";
import { nameOf, PQC_ASYMS, versionName } from "./names.js";
import type { Offer } from "./offer.js";
import { BLOCK_LENGTH_MAX } from "./supported-algorithms.js";
import { Impossible, Untrusted } from "./verdict.js";

/** GET_VERSION; the version of the connection. */
export async function agreeVersion(c: Conversation, offer: Offer): Promise<void> {
  c.transcript.reset();
  const { request, response } = await c.ask(GET_VERSION, writeGetVersion);
  const entries = decode("VERSION", () => readVersion(response)).map(versionOf);
  const common = VERSIONS.filter((version) => entries.includes(version));
  const version = offer.version ?? common.at(-1);
  if (version === undefined || !common.includes(version)) {
    const wanted = offer.version === undefined ? "1.0 to 1.4" : versionName(offer.version);
    throw new Impossible(`no common version: responder has ${entries.map(versionName).join(", ")}, wanted ${wanted}`);
  }
  c.transcript.addVca(request);
  c.transcript.addVca(response.consumed());
  c.version = version;
}

/** GET_CAPABILITIES; throws Impossible if the responder cannot do what the offer is for. */
export async function exchangeCapabilities(c: Conversation, offer: Offer): Promise<void> {
  const { identities, pqcIdentities = [] } = offer;
  if (identities === undefined && pqcIdentities.length > 0 && c.version < V1_4)
    throw new Impossible(`SPDM ${versionName(c.version)} has no ${nameOf(PQC_ASYMS, pqcIdentities[0].algorithm)}`);
  c.ownFlags = c.version >= V1_1 ? ownFlags(offer) : 0;
  if (c.version >= V1_2) c.ownFlags |= caps.CHUNK_CAP;
  if (c.version >= V1_4) c.ownFlags |= caps.LARGE_RESP_CAP;
  c.ownClasses = c.version >= V1_3 ? offer.ownClasses : undefined;
  if (c.ownClasses !== undefined) {
    const signs = offer.identities !== undefined;
    c.ownFlags |= caps.ENCAP_CAP | (signs ? caps.EP_INFO_CAP_SIG : caps.EP_INFO_CAP_NO_SIG);
  }
  // The list may be long, so that none may ask for it who takes no chunks (DSP0274 1.3 §10.4).
  const asksList = offer.reports?.algorithms === true;
  if (asksList && c.version < V1_3) throw new Impossible(`SPDM ${versionName(c.version)} has no list of algorithms`);
  const own = {
    param1: asksList ? ALGORITHMS_BLOCK : 0,
    ctExponent: 0,
    extFlags: 0,
    flags: c.ownFlags,
    dataTransferSize: c.dataTransferSize,
    maxSpdmMsgSize: MAX_SPDM_MSG_SIZE,
  };
  const { request, response } = await c.ask(GET_CAPABILITIES, (w) => writeGetCapabilities(w, own, c.version));
  const answer = decode("CAPABILITIES", () => readCapabilities(response, c.version));
  c.supported = listed(answer, asksList);
  c.transcript.addVca(request);
  c.transcript.addVca(response.consumed());
  c.setCtExponent(answer.ctExponent);
  c.flags = answer.flags;
  c.extFlags = answer.extFlags;
  if (c.version >= V1_2) takeSizes(c, answer);
  if (offer.session !== undefined) requireSessions(c, offer.session);
}

/** The algorithms block, if it was asked for; throws Impossible if there is none, Untrusted if it is not to be believed. */
function listed({ algorithms }: Capabilities, asked: boolean): NegotiateAlgorithms | undefined {
  if (algorithms === undefined) {
    if (asked) throw new Impossible("the responder does not list its algorithms");
    return undefined;
  }
  if (!asked) throw new Untrusted("CAPABILITIES: lists algorithms, which nobody asked for");
  if (algorithms.length > BLOCK_LENGTH_MAX)
    throw new Untrusted("CAPABILITIES: longer a list of algorithms than there is");
  return algorithms;
}

/** The responder's sizes; throws Untrusted if they are none there can be. */
function takeSizes(c: Conversation, { flags, dataTransferSize, maxSpdmMsgSize }: Capabilities): void {
  const fit = (flags & caps.CHUNK_CAP) !== 0 ? maxSpdmMsgSize >= dataTransferSize : maxSpdmMsgSize === dataTransferSize;
  if (dataTransferSize < caps.MIN_DATA_TRANSFER_SIZE || !fit) {
    throw new Untrusted("CAPABILITIES: DataTransferSize and MaxSPDMmsgSize do not go together");
  }
  c.peerDataTransferSize = dataTransferSize;
  c.peerMaxSpdmMsgSize = maxSpdmMsgSize;
}

/** Of what we can, only what this run needs. */
function ownFlags({ session, identities = [], pqcIdentities = [] }: Offer): number {
  let flags = 0;
  if (session !== undefined) {
    flags |= caps.MAC_CAP | caps.ENCRYPT_CAP | caps.HBEAT_CAP | caps.KEY_UPD_CAP | caps.ENCAP_CAP;
    flags |= session.psk === undefined ? caps.KEY_EX_CAP : caps.PSK_CAP_NO_CONTEXT;
    if (session.psk === undefined && session.inTheClear) flags |= caps.HANDSHAKE_IN_THE_CLEAR_CAP;
  }
  if (identities.length + pqcIdentities.length > 0)
    flags |= caps.MUT_AUTH_CAP | caps.ENCAP_CAP | caps.CERT_CAP | caps.CHAL_CAP;
  return flags;
}

/** What can be told of a responder that shows nothing to prove itself with: a blank board, say. */
export const noIdentity = ({ flags }: Conversation): Impossible | undefined =>
  (flags & (caps.CERT_CAP | caps.PUB_KEY_ID_CAP)) !== 0
    ? undefined
    : new Impossible("the device has no identity: it shows neither certificates nor a public key; provision it first");

function requireSessions(c: Conversation, { psk, updateKeys }: NonNullable<Offer["session"]>): void {
  if (c.version < V1_1) throw new Impossible(`SPDM ${versionName(c.version)} has no sessions`);
  const lacks = (what: string) => new Impossible(`the responder has no ${what}`);
  if (psk === undefined && !c.both(caps.KEY_EX_CAP)) throw noIdentity(c) ?? lacks("KEY_EXCHANGE");
  if (psk !== undefined && !c.both(caps.PSK_CAP)) throw lacks("PSK_EXCHANGE");
  if (!c.both(caps.MAC_CAP)) throw lacks("MAC_CAP, without which there are no secured messages");
  if (updateKeys && !c.both(caps.KEY_UPD_CAP)) throw lacks("KEY_UPDATE");
}
