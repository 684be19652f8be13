#!/usr/bin/env node
// The command is TypeScript; Node 20 needs a loader for it.
import { register } from "tsx/esm/api";

register();
await import("./main.ts");
