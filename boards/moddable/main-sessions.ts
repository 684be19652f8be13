/** Attestation and secure sessions. */
import { psaEngines } from "../psa.js";
import { psaSessions } from "../psa-sessions.js";
import { run } from "./run.js";

run({ ...psaEngines, sessions: psaSessions });
