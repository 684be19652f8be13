/** `node:test` for XS: as much of it as the tests that run there use. */

declare function print(...values: unknown[]): void;

type Body = () => unknown;
type Register = (name: string, ...rest: [Body] | [object, Body]) => void;

const queue: [name: string, body: Body][] = [];
const failures: string[] = [];
let prefix = "";
let passed = 0;

export const test: Register = (name, ...rest) => {
  if (queue.push([prefix + name, rest[rest.length - 1] as Body]) === 1) Promise.resolve().then(run);
};
export const it = test;

/** Groups tests by name only; its body registers them and is synchronous. */
export const describe: Register = (name, ...rest) => {
  const outer = prefix;
  prefix = `${outer}${name} > `;
  (rest[rest.length - 1] as Body)();
  prefix = outer;
};

/** Runs one test after the other, in order; rejects, and so ends the program as a failure, if any failed. */
async function run(): Promise<void> {
  // By index, since the length tells `test` that a run is under way.
  for (let index = 0; index < queue.length; index++) {
    const [name, body] = queue[index];
    try {
      await body();
      passed++;
    } catch (error) {
      failures.push(name);
      print(`not ok ${name}\n${(error as Error)?.stack ?? error}`);
    }
  }
  print(`tests ${queue.length}, passed ${passed}, failed ${failures.length}`);
  if (failures.length !== 0) throw new Error(`failed: ${failures.join("; ")}`);
}

export default test;
