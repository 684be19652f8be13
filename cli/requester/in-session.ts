/** What a requester says in a session besides what it says everywhere. */
import { ENCAP_CAP } from "../../src/capabilities.js";
import { NO_PENDING_REQUESTS, SpdmError, UNEXPECTED_REQUEST } from "../../src/errors.js";
import { END_SESSION, HEARTBEAT, KEY_UPDATE } from "../../src/exchange.js";
import { CLEAR_NEGOTIATED_STATE, readEndSessionAck, writeEndSession } from "../../src/messages/end-session.js";
import { readHeartbeat, writeHeartbeat } from "../../src/messages/heartbeat.js";
import {
  readKeyUpdate,
  UPDATE_ALL_KEYS,
  UPDATE_KEY,
  VERIFY_NEW_KEY,
  writeKeyUpdate,
} from "../../src/messages/key-update.js";
import type { Session } from "../../src/session.js";
import { type Conversation, decode, requireEnd } from "./conversation.js";
import { fetchRequestsIfAny } from "./encapsulated.js";
import { errorName } from "./names.js";
import { Impossible, Untrusted } from "./verdict.js";

export async function sendHeartbeat(c: Conversation): Promise<void> {
  const { response } = await c.ask(HEARTBEAT, writeHeartbeat);
  decode("HEARTBEAT_ACK", () => readHeartbeat(response));
  requireEnd("HEARTBEAT_ACK", response);
}

/** Updates keys in every way there is; resolves to what was updated, as the report names it. */
export async function updateKeys(c: Conversation, session: Session): Promise<string[]> {
  const updated: string[] = [];
  await updateKey(c, session, UPDATE_KEY);
  updated.push("ours");
  await updateKey(c, session, UPDATE_ALL_KEYS);
  updated.push("both");
  if (!c.both(ENCAP_CAP)) return updated;
  const answers = await fetchRequestsIfAny(c);
  if (answers instanceof SpdmError) {
    if (answers.code === NO_PENDING_REQUESTS || answers.code === UNEXPECTED_REQUEST) return updated;
    throw new Impossible(`the responder refused GET_ENCAPSULATED_REQUEST: ${errorName(answers.code)}`);
  }
  if (answers.keyUpdates.length > 0) updated.push("the responder's, as it asked");
  return updated;
}

/** KEY_UPDATE, then VerifyNewKey under the new key. */
async function updateKey(c: Conversation, session: Session, operation: number): Promise<void> {
  // The acknowledgement of UpdateAllKeys is already under the responder's new key; ERROR would be under the old one.
  if (operation === UPDATE_ALL_KEYS) session.updatePeerKey();
  await askKeyUpdate(c, operation);
  if (operation === UPDATE_ALL_KEYS) session.verifyPeerKey();
  session.updateOwnKey();
  await askKeyUpdate(c, VERIFY_NEW_KEY);
}

async function askKeyUpdate(c: Conversation, operation: number): Promise<void> {
  const [tag] = c.random(1);
  const { response } = await c.ask(KEY_UPDATE, (w) => writeKeyUpdate(w, { operation, tag }));
  const answer = decode("KEY_UPDATE_ACK", () => readKeyUpdate(response));
  requireEnd("KEY_UPDATE_ACK", response);
  if (answer.operation !== operation || answer.tag !== tag)
    throw new Untrusted("KEY_UPDATE_ACK: is of another request");
}

/** END_SESSION; the session's secrets are wiped then. */
export async function endSession(c: Conversation): Promise<void> {
  const { response } = await c.ask(END_SESSION, (w) => writeEndSession(w, { attributes: CLEAR_NEGOTIATED_STATE }));
  decode("END_SESSION_ACK", () => readEndSessionAck(response));
  requireEnd("END_SESSION_ACK", response);
  c.close();
}
