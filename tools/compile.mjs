/**
 * Stands in for `tsc` in mcconfig's builds (typescript.compiler in manifest_spdm.json): `compile.mjs -p FILE-tsconfig.json`
 * bundles the module that it names with all it imports, as the emulated board's build does. On XS every module, binding and
 * name lies in flash: the Pico's image would be 60 KB larger. What stays an import is a native module, by its place in this
 * project, and what is imported by a plain name, which is for the manifest to resolve. Types are checked by `npm test`.
 */
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const [flag, path] = process.argv.slice(2);
if (flag !== "-p" || path === undefined) throw new Error("usage: compile.mjs -p FILE-tsconfig.json");

const keepImports = {
  name: "keep imports",
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === "entry-point" ? undefined : { path, external: true, sideEffects: false },
    );
    onResolve({ filter: /^\..*\.js$/ }, ({ path, resolveDir }) => {
      const file = resolve(resolveDir, path);
      // A .js file with its types beside it.
      const native = existsSync(file.replace(/\.js$/, ".d.ts"));
      return native ? { path: relative(root, file).replace(/\.js$/, ""), external: true } : undefined;
    });
  },
};

const { extends: base, files, compilerOptions } = JSON.parse(readFileSync(path, "utf8"));
const [source] = files;
const release = !/[\\/]debug[\\/]/.test(path);
const { outputFiles } = await build({
  entryPoints: [source],
  bundle: true,
  write: false,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  minifyIdentifiers: release,
  minifySyntax: release,
  plugins: [keepImports],
});
const [{ contents }] = outputFiles;
const target = join(compilerOptions.outDir, relative(compilerOptions.rootDir, source)).replace(/\.ts$/, ".js");
if (!existsSync(target) || !readFileSync(target).equals(contents)) {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, contents);
}
/*
 * mcconfig's makefile knows of the one file only, not of what it imports. With a prerequisite that is newer than the target
 * the next build comes here again; and what is made of the target is made again if that was written.
 */
const now = new Date();
utimesSync(base, now, now);
