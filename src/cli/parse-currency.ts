import { isISO4217CurrencyCode } from 'class-validator';
import { OperatorError } from '../common/report';

export function parseCurrency(text: string): string {
  const code = text.toUpperCase();
  if (!isISO4217CurrencyCode(code)) throw new OperatorError(`${text} is not an ISO 4217 currency code.`);
  return code;
}
