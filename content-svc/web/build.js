// Builds the app into dist, where content-svc embeds it: each file under a name with a hash of its content, and compressed, since no
// browser asks for it otherwise.
import { build } from 'esbuild';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

const out = new URL('dist/', import.meta.url);

for (const name of await readdir(out)) {
  if (name !== 'unbuilt.html') await rm(new URL(name, out));
}

const result = await build({
  absWorkingDir: new URL('.', import.meta.url).pathname,
  entryPoints: { main: 'src/main.jsx', clock: 'src/clock.js', hls: 'hls.js/dist/hls.worker.js', icon: 'src/icon.svg' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: ['es2022'],
  minify: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  entryNames: '[name]-[hash]',
  chunkNames: 'part-[hash]',
  loader: { '.svg': 'copy' },
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
});

const files = new Map(result.outputFiles.map((file) => [file.path.split('/').pop(), file.contents]));
const named = (start, end) => [...files.keys()].find((name) => name.startsWith(start) && name.endsWith(end));

const page = (await readFile(new URL('src/index.html', import.meta.url), 'utf8'))
  .replace('{{style}}', named('main-', '.css'))
  .replace('{{script}}', named('main-', '.js'))
  .replace('{{icon}}', named('icon-', '.svg'))
  .replace('{{clock}}', named('clock-', '.js'))
  .replace('{{hls}}', named('hls-', '.js'));
files.set('index.html', page);

let first = 0;
for (const [name, content] of files) {
  const packed = gzipSync(content, { level: 9 });
  await writeFile(new URL(`${name}.gz`, out), packed);
  if (name === 'index.html' || name.startsWith('main-') || inFirstLoad(name)) first += packed.length;
}
console.log(`built ${files.size} files; the first load is ${Math.ceil(first / 1024)} kB`);
if (first > 250 * 1024) throw new Error('the first load is larger than 250 kB');

// inFirstLoad reports whether the main script imports a file before it runs.
function inFirstLoad(name) {
  const [, main] = Object.entries(result.metafile.outputs).find(([path]) => path.includes('/main-') && path.endsWith('.js'));
  const seen = new Set();
  const follow = (output) => {
    for (const { path, kind } of output.imports) {
      if (kind !== 'import-statement' || seen.has(path)) continue;
      seen.add(path);
      follow(result.metafile.outputs[path]);
    }
  };
  follow(main);
  return [...seen].some((path) => path.endsWith(`/${name}`));
}
