import type { Product } from '../product.entity';

/** The parts of a product that say what it is. */
export type ProductText = Pick<Product, 'name' | 'vendor' | 'type' | 'tags' | 'options'>;

/** Makes vectors of products: the more alike two products are, the nearer to 1 the cosine of their vectors. */
export interface Embedder {
  /** Another name whenever the vectors differ: those of another model are made again. */
  readonly model: string;
  /** @returns a vector of length 1 for each product, or of zeros for one without words */
  embed(products: readonly ProductText[]): Promise<number[][]>;
}
