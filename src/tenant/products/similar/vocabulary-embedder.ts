import { mapInSlices } from '../../../common/map-in-slices';
import { plainText } from '../../../common/slug';
import { type Embedder, MAX_CHARACTERS, type ProductText } from './embedder';
import { mixed, normalised } from './vectors';

const DIMENSIONS = 256;

/** Weight of each part of a product, however many words it has. */
const WEIGHTS = { name: 1, type: 0.7, tags: 0.6, vendor: 0.4, options: 0.3 };
/** Weight of the runs of three characters against that of the whole word: `shirts` is near `shirt`. */
const RUN_WEIGHT = 0.3;

/**
 * Vectors of the words of a product and of their runs of three characters, each hashed to a dimension and a sign: no network,
 * no model to load, the same everywhere. It knows words, not meanings: a sofa is not near a couch.
 */
export const VOCABULARY_EMBEDDER: Embedder = {
  model: 'vocabulary-2',
  embed: (products) => mapInSlices(products, vectorOf),
};

function vectorOf(parts: ProductText): number[] {
  const vector = new Array<number>(DIMENSIONS).fill(0);
  for (const [part, weight] of Object.entries(WEIGHTS))
    for (const [i, value] of partOf(parts[part as keyof ProductText]).entries()) vector[i]! += weight * value; // as many
  return normalised(vector);
}

/** The same word has the same features in every part: a tag `linen` is near a name with it. */
function partOf(text: string): number[] {
  const vector = new Array<number>(DIMENSIONS).fill(0);
  for (const word of new Set(wordsIn(text))) {
    add(vector, word, 1);
    const padded = ` ${word} `;
    for (let i = 0; i + 3 <= padded.length; i++) add(vector, padded.slice(i, i + 3), RUN_WEIGHT);
  }
  return normalised(vector);
}

/** Cut after each step: one character can stand for eighteen letters, and a Latin name for a letter can have six. */
function wordsIn(text: string): string[] {
  const letters = text.slice(0, MAX_CHARACTERS).normalize('NFKC').slice(0, MAX_CHARACTERS);
  const latin = plainText(letters).slice(0, MAX_CHARACTERS);
  return latin.match(/[\p{L}\p{N}]+/gu) ?? [];
}

function add(vector: number[], feature: string, weight: number): void {
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < feature.length; i++) hash = Math.imul(hash ^ feature.charCodeAt(i), 0x01000193);
  const bits = mixed(hash);
  vector[bits % DIMENSIONS]! += bits & 0x80000000 ? weight : -weight; // within the length
}
