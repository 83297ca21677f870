import { TextMap } from '../../http/text-map';

/** Field decorator: an object of option name → value, such as `{ "Size": "Small" }`. */
export function OptionValues(options: { optional?: boolean; example?: undefined } = {}): PropertyDecorator {
  return TextMap({ entries: 10, length: 255, example: { Size: 'Small' }, ...options });
}
