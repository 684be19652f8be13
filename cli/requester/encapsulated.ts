import { SpdmError } from "../../src/errors.js";
import { DELIVER_ENCAPSULATED_RESPONSE, GET_DIGESTS, GET_ENCAPSULATED_REQUEST } from "../../src/exchange.js";
import {
  type Encapsulated,
  type EncapsulatedResponseAck,
  NO_PAYLOAD,
  REQUEST_PAYLOAD,
  readEncapsulated,
  readEncapsulatedResponseAck,
  SLOT_PAYLOAD,
  writeEncapsulatedHeader,
  writeGetEncapsulatedRequest,
} from "../../src/messages/encapsulated.js";
import { V1_2 } from "../../src/versions.js";
import type { Writer } from "../../src/wire.js";
import { Answers } from "./answers.js";
import { type Conversation, decode, type Exchanged } from "./conversation.js";
import { errorName, requestName } from "./names.js";
import type { Prover } from "./prover.js";
import { Impossible, Untrusted } from "./verdict.js";

const ACK = "ENCAPSULATED_RESPONSE_ACK";
/** A chain in portions of a few bytes; a responder that asks on and on has no end in mind. */
const REQUEST_COUNT_MAX = 1000;

/** Fetches a responder's requests, and answers them until it has no more. Resolves to what was answered. */
export async function fetchRequests(c: Conversation, prover: Prover | undefined): Promise<Answers> {
  return answerAll(c, prover, firstOf(await c.ask(GET_ENCAPSULATED_REQUEST, writeGetEncapsulatedRequest)));
}

/** As `fetchRequests`, but resolves to the responder's ERROR if it has none. */
export async function fetchRequestsIfAny(c: Conversation, prover?: Prover): Promise<Answers | SpdmError> {
  const answer = await c.tryToAsk(GET_ENCAPSULATED_REQUEST, writeGetEncapsulatedRequest);
  return answer instanceof SpdmError ? answer : answerAll(c, prover, firstOf(answer));
}

/** As `fetchRequests`, where the first request is GET_DIGESTS without being sent. */
export function answerUnasked(c: Conversation, prover: Prover): Promise<Answers> {
  return answerAll(c, prover, { requestId: 0, message: Uint8Array.of(c.version, GET_DIGESTS, 0, 0) });
}

const firstOf = ({ response }: Exchanged): Encapsulated =>
  decode("ENCAPSULATED_REQUEST", () => readEncapsulated(response));

async function answerAll(c: Conversation, prover: Prover | undefined, first: Encapsulated): Promise<Answers> {
  const answers = new Answers(c, prover);
  let due = first;
  for (let count = 0; count < REQUEST_COUNT_MAX; count++) {
    const { requestId, message } = due;
    let answered = false;
    const deliver = (w: Writer) => {
      writeEncapsulatedHeader(w, requestId);
      answered = answers.answer(message, w);
    };
    const answer = await c.tryToAsk(DELIVER_ENCAPSULATED_RESPONSE, deliver, true);
    if (answer instanceof SpdmError) {
      const what = requestName(message[1]);
      throw new Impossible(`the responder refused our answer to its ${what}: ${errorName(answer.code)}`);
    }
    const ack = decode(ACK, () => readEncapsulatedResponseAck(answer.response, c.version));
    if (c.version >= V1_2 && ack.ackRequestId !== requestId)
      throw new Untrusted(`${ACK}: of another request than ours`);
    if (answered) c.took(message[1]);
    if (!goesOn(ack, prover)) {
      if (c.session?.updating) throw new Untrusted(`${ACK}: the responder's new key was not verified`);
      return answers;
    }
    due = { requestId: ack.requestId, message: ack.payload };
  }
  throw new Untrusted(`the responder has more than ${REQUEST_COUNT_MAX} encapsulated requests`);
}

/** Whether there is one more request; throws Untrusted if the payload is none there is. */
function goesOn({ payloadType, payload }: EncapsulatedResponseAck, prover: Prover | undefined): boolean {
  if (payloadType === REQUEST_PAYLOAD) return true;
  const isSlot = payloadType === SLOT_PAYLOAD && payload.length === 1 && prover !== undefined;
  if (!isSlot && (payloadType !== NO_PAYLOAD || payload.length > 0))
    throw new Untrusted(`${ACK}: payload is none there is`);
  if (isSlot) prover.chooseSlot(payload[0]);
  return false;
}
