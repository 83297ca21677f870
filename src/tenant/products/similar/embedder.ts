/** The parts of a product that say what it is, each as one text. */
export type ProductText = Record<'name' | 'vendor' | 'type' | 'tags' | 'options', string>;

/** Longest text that is read of a part: 250 tags of 255 characters say no more than the first. */
export const MAX_CHARACTERS = 1000;

/** Makes vectors of products: the more alike two products are, the nearer to 1 the cosine of their vectors. */
export interface Embedder {
  /** Another name whenever the vectors differ: those of another model are made again. */
  readonly model: string;
  /** @returns a vector of length 1 for each product, or of zeros for one without words */
  embed(products: readonly ProductText[]): Promise<number[][]>;
}
