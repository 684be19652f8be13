/** The application that manifest.json builds; which firmware that is, its platform's section says. */
import { run } from "spdm/firmware";

run();
