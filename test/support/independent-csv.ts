/**
 * A second, naive reader of Shopify's CSV, which shares nothing with the importer: whole file at once, a character
 * at a time. Tests compare what it finds with what the shop has.
 */
export function readCsv(text: string): Record<string, string>[] {
  const [header, ...rows] = records(text.replace(/^\uFEFF/, '')).filter((cells) =>
    cells.some((cell) => cell !== ''),
  );
  return rows.map((cells) => Object.fromEntries(header!.map((name, i) => [name, cells[i] ?? ''])));
}

function records(text: string): string[][] {
  const all: string[][] = [[]];
  let cell = '';
  let quoted = false;
  const endCell = () => {
    all.at(-1)!.push(cell);
    cell = '';
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted && char === '"' && text[i + 1] === '"') {
      cell += '"';
      i++;
    } else if (char === '"') quoted = !quoted;
    else if (quoted) cell += char;
    else if (char === ',') endCell();
    else if (char === '\n') {
      endCell();
      all.push([]);
    } else if (char !== '\r') cell += char;
  }
  endCell();
  return all;
}
