import type { CopiedImages } from '../operations/lifecycle/copy-images';
import { print } from './command-context';

/** Says how many stored images a new shop has, and how many are missing; nothing if there are none. */
export function printImages({ images = 0, missingImages = 0 }: Partial<CopiedImages>): void {
  if (images > 0) print(`${images} stored image(s) are copied`);
  if (missingImages > 0)
    print(
      `${missingImages} stored image(s) are missing: the place of files does not have them (FILES_TARGET)`,
    );
}
