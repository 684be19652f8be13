/** Attestation and secure sessions. */
import { psaEngines } from "../psa.js";
import { psaSessions } from "../psa-sessions.js";
import { reporting } from "../reporting.js";
import { serve } from "./serve.js";

export const run = (): void => serve({ ...psaEngines, sessions: psaSessions, reporting });
