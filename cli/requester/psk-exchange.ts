import type { Aead } from "../../hal/crypto.js";
import { type HintedKey, portablePskStore } from "../../hal/portable/psk.js";
import { PSK_CAP, PSK_CAP_CONTEXT } from "../../src/capabilities.js";
import { PSK_EXCHANGE, PSK_FINISH } from "../../src/exchange.js";
import { HandshakeSecret } from "../../src/key-schedule.js";
import { readPskExchangeResponse, writePskExchange } from "../../src/messages/psk-exchange.js";
import { readPskFinish, writePskFinish } from "../../src/messages/psk-finish.js";
import { NO_OPAQUE } from "../../src/opaque.js";
import type { Session } from "../../src/session.js";
import { type Conversation, decode, requireEnd } from "./conversation.js";
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

const NAME = "PSK_EXCHANGE_RSP";
/** Of our own context: as much as a nonce, and what libspdm takes at the least. */
const CONTEXT_LENGTH = 32;

/** PSK_EXCHANGE: a session, in whose handshake the responder has proved that it has the pre-shared key. */
export async function exchangePsk(c: Conversation, psk: HintedKey, aead: Aead, summaryType: number): Promise<Opened> {
  const suite = c.suite!;
  const { hash } = suite;
  const requesterId = newSessionId(c);
  const context = c.random(CONTEXT_LENGTH);
  const opaque = supportedVersions(c);
  const asked = { summaryType, sessionPolicy: 0, sessionId: requesterId, hint: psk.hint, context, opaque };
  const { request, response } = await c.ask(PSK_EXCHANGE, (w) => writePskExchange(w, asked, c.version), true);
  const answer = decode(NAME, () => readPskExchangeResponse(response, asked, suite));
  const brings = (c.flags & PSK_CAP) === PSK_CAP_CONTEXT;
  if (brings !== answer.context.length > 0) {
    throw new Untrusted(`${NAME}: ResponderContext of ${answer.context.length} bytes, unlike its PSK_CAP`);
  }
  const th = c.transcript.fork();
  th.update(request);
  th.update(response.consumed());
  const key = portablePskStore([psk]).find(psk.hint)!;
  const secret = HandshakeSecret.ofPsk({ version: c.version, hash }, key);
  const started = startSession(c, {
    name: NAME,
    answer,
    requesterId,
    usesPsk: true,
    inTheClear: false,
    aead,
    secret,
    th,
  });
  const { session } = started;
  takeProof(NAME, response, session, hash);
  requireEnd(NAME, response);
  if (!brings) establish(session, hash);
  return { ...started, summary: answer.summary };
}

/** PSK_FINISH, which there is if the responder brought a context; the session is established then. */
export async function finishPsk(c: Conversation, session: Session): Promise<void> {
  const { hash } = c.suite!;
  const { th } = session;
  const { response } = await c.ask(
    PSK_FINISH,
    (w) => {
      writePskFinish(w, NO_OPAQUE, c.version);
      th.update(w.written());
      writeProof(w, session, hash);
    },
    true,
  );
  decode("PSK_FINISH_RSP", () => readPskFinish(response, c.version));
  th.update(response.consumed());
  requireEnd("PSK_FINISH_RSP", response);
  establish(session, hash);
}
