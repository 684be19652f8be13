/**
 * How a responder asks requesters what class of device they are: by an encapsulated GET_ENDPOINT_INFO (DSP0274 1.3 §10.16),
 * once in each session, and once outside of them, when they ask for encapsulated requests.
 */
import type { DeviceClass } from "../hal/endpoint-info.js";
import { ENCAP_CAP, EP_INFO_CAP, EP_INFO_CAP_SIG } from "./capabilities.js";
import type { Connection, Requester } from "./connection.js";
import { refused, type Step } from "./encapsulated-flow.js";
import { GET_ENDPOINT_INFO } from "./exchange.js";
import {
  DEVICE_CLASS,
  NONCE_LENGTH,
  readDeviceClasses,
  readEndpointInfo,
  writeGetEndpointInfo,
} from "./messages/endpoint-info.js";
import type { Session } from "./session.js";
import { REQUESTER_ENDPOINT_INFO_CONTEXT, verify } from "./signing.js";
import { V1_3 } from "./versions.js";

/** ENCAPSULATED_REQUEST and a GET_ENDPOINT_INFO that asks for a signature. */
const SIGNED_LENGTH = 4 + 8 + NONCE_LENGTH;

/** What a requester said. */
export interface RequesterInfo {
  /** Views of a message: not to be kept. */
  readonly deviceClasses: readonly DeviceClass[];
  /** Whether its leaf's key signed it, over a nonce of ours; else it is anybody's claim. */
  readonly signed: boolean;
  /** The session it was told in, if any. */
  readonly sessionId: number | undefined;
}

/** What a board brings to ask requesters. */
export interface RequesterInfoRequests {
  /** The encapsulated request that is due; none if none is. */
  steps(c: Connection, session: Session | undefined): readonly Step[];
}

/** Asks each requester that answers such requests; `told` is handed what it says. */
export function requesterInfo(told: (info: RequesterInfo) => void): RequesterInfoRequests {
  return {
    steps(c, session) {
      const channel = session ?? c;
      if (channel.askedInfo || c.version < V1_3 || !c.both(ENCAP_CAP) || (c.peer.flags & EP_INFO_CAP) === 0) {
        return [];
      }
      // Whoever refuses it once is not asked again: it would never get to what else there is to fetch.
      channel.askedInfo = true;
      return [infoStep(c, session, told)];
    },
  };
}

/** Whose signature would be believed, if it can be asked for. */
function signer(c: Connection, session: Session | undefined): Requester | undefined {
  const signs = (c.peer.flags & EP_INFO_CAP) === EP_INFO_CAP_SIG && c.transferSize >= SIGNED_LENGTH;
  return signs ? (session?.requester ?? c.provisioned) : undefined;
}

function infoStep(c: Connection, session: Session | undefined, told: (info: RequesterInfo) => void): Step {
  const requester = signer(c, session);
  const slot = requester?.slot ?? 0;
  const signed = requester !== undefined;
  let request: Uint8Array;
  return {
    request: GET_ENDPOINT_INFO,
    write(w, start) {
      const nonce = signed ? new Uint8Array(NONCE_LENGTH) : undefined;
      if (nonce !== undefined) c.options.random(nonce);
      writeGetEndpointInfo(w, { subCode: DEVICE_CLASS, slot, nonce });
      request = w.message.slice(start, w.offset);
    },
    take(r) {
      const answer = readEndpointInfo(r, signed);
      if (answer.slot !== slot) throw refused();
      if (signed) {
        const { hash, requesterAsym } = c.negotiated!;
        const { engine } = requesterAsym!;
        const covered = r.consumed();
        const signature = r.bytes(engine.signatureLength);
        const il1 = c.transcript.fork();
        il1.update(request);
        il1.update(covered);
        const signing = { version: c.version, hash, context: REQUESTER_ENDPOINT_INFO_CONTEXT };
        if (!verify(engine, requester.publicKey, signing, il1, signature)) throw refused();
      }
      if (r.remaining !== 0) throw refused();
      told({ deviceClasses: readDeviceClasses(answer.info), signed, sessionId: session?.id });
      return false;
    },
  };
}
