import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(__dirname, '..');
const FOLDERS = ['docs', 'examples', 'src', 'test', 'bench', 'migrations'];

const pages = [
  ...readdirSync(ROOT),
  ...FOLDERS.flatMap((folder) =>
    (readdirSync(path.join(ROOT, folder), { recursive: true }) as string[]).map((file) =>
      path.join(folder, file),
    ),
  ),
].filter((file) => file.endsWith('.md'));

/** Text without code, in which brackets are no links. */
const prose = (page: string) =>
  readFileSync(path.join(ROOT, page), 'utf8')
    .replaceAll(/^```[\s\S]*?^```/gm, '')
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, ''));

/** Anchors of headings, made as GitHub makes them; a repeated heading gets a number. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of prose(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const base = heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = base;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${base}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

function brokenLinks(page: string): string[] {
  const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file = '', anchor] = target.split('#');
    const found = file === '' ? page : path.join(path.dirname(page), decodeURIComponent(file));
    if (!existsSync(path.join(ROOT, found))) return true;
    if (anchor === undefined || !statSync(path.join(ROOT, found)).isFile()) return false;
    return found.endsWith('.md') && !anchorsOf(found).has(anchor);
  });
}

describe('links in pages', () => {
  it.each(pages)('of %s lead to files and headings that exist', (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });
});
