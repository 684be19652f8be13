/** Attestation only: what the RP2040 has flash for. */
import { psaEngines } from "../psa.js";
import { serve } from "./serve.js";

export const run = (): void => serve(psaEngines);
