import { TextMap } from '../../http/text-map';

/** Field decorator: an object of option name → value, such as `{ "Size": "Small" }`. */
export function OptionValues({ optional = false } = {}): PropertyDecorator {
  return TextMap({ entries: 10, length: 255, optional, example: { Size: 'Small' } });
}
